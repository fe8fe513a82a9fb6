//! Whether anybody reads what is written to a pipe, found out without writing.

use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Whether who read this pipe has gone away. Of what is no pipe nobody does.
pub fn has_gone(pipe: impl AsFd) -> bool {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let mut looked = [PollFd::new(&pipe, PollFlags::empty())];
    // An error is told whatever is asked for.
    poll(&mut looked, Some(&now)).is_ok() && looked[0].revents().contains(PollFlags::ERR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_read_until_its_reader_is_closed() {
        let (reader, writer) = std::io::pipe().unwrap();
        assert!(!has_gone(&writer));
        drop(reader);
        assert!(has_gone(&writer));
        assert!(!has_gone(std::fs::File::open("/dev/null").unwrap()));
    }
}
