//! A link as a picture that a telephone reads from the screen, where the screen can show it.

use dashboard::Qr;
use qrcode::{Color, EcLevel, QrCode};

use crate::terminal::Place;

/// The margin, in modules. The standard wants 4; readers do with 2, and with that BMW's link fits 40 columns and 24 lines.
const MARGIN: usize = 2;

/// The picture of a link, two modules above each other in a character; `None` where characters are not drawn as they
/// should be, or it is too wide.
pub fn picture(link: &str, place: &Place) -> Option<String> {
    let code = code(link)?;
    let side = code.width() + 2 * MARGIN;
    if !place.unicode || side > place.width? {
        return None;
    }
    let is_light = |x: usize, y: usize| {
        let inside = MARGIN..MARGIN + code.width();
        !(inside.contains(&x) && inside.contains(&y)) || code[(x - MARGIN, y - MARGIN)] == Color::Light
    };
    // Terminals are mostly dark: what is drawn is the light part. Below an odd last line is nothing.
    let character = |x: usize, y: usize| match (is_light(x, y), y + 1 < side && is_light(x, y + 1)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    let line = |y: usize| (0..side).map(|x| character(x, y)).collect::<String>();
    Some((0..side).step_by(2).map(line).collect::<Vec<_>>().join("\n"))
}

/// The picture of a link for a page, without its margin.
pub fn drawn(link: &str) -> Option<Qr> {
    let code = code(link)?;
    let size = code.width();
    let colors = code.into_colors();
    let dark = colors.into_iter().map(|color| color == Color::Dark).collect();
    Some(Qr { dark, size })
}

fn code(link: &str) -> Option<QrCode> {
    // A screen has no dirt that more correction would help against.
    QrCode::with_error_correction_level(link, EcLevel::L).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest that BMW's form of it gets.
    const LINK: &str = "https://customer.bmwgroup.com/oneid/link?user_code=ABCD-EFGH-1234";

    fn wide(columns: usize) -> Place {
        Place {
            unicode: true,
            width: Some(columns),
            ..Place::default()
        }
    }

    #[test]
    fn a_link_fits_a_narrow_terminal_and_shows_each_module() {
        let picture = picture(LINK, &wide(40)).unwrap();
        let lines: Vec<Vec<char>> = picture.lines().map(|line| line.chars().collect()).collect();
        let code = QrCode::with_error_correction_level(LINK, EcLevel::L).unwrap();
        let side = code.width() + 2 * MARGIN;
        assert!(side <= 40 && lines.len() <= 20, "{side} modules");
        assert!(lines.iter().all(|line| line.len() == side), "{picture}");
        let shown = |x: usize, y: usize| {
            let lit = if y.is_multiple_of(2) { "█▀" } else { "█▄" };
            lit.contains(lines[y / 2][x])
        };
        for y in 0..code.width() {
            for x in 0..code.width() {
                let is_light = code[(x, y)] == Color::Light;
                assert_eq!(shown(x + MARGIN, y + MARGIN), is_light, "{x} {y}");
            }
        }
        for at in 0..side {
            for edge in [0, 1, side - 2, side - 1] {
                assert!(shown(at, edge) && shown(edge, at), "{at} {edge}");
            }
        }
    }

    #[test]
    fn a_page_gets_the_same_code() {
        let drawn = drawn(LINK).unwrap();
        let code = code(LINK).unwrap();
        assert_eq!(
            (drawn.size, drawn.dark.len()),
            (code.width(), code.width().pow(2))
        );
        for (at, dark) in drawn.dark.iter().enumerate() {
            let (row, column) = (at / drawn.size, at % drawn.size);
            assert_eq!(*dark, code[(column, row)] == Color::Dark, "{row} {column}");
        }
    }

    #[test]
    fn it_is_left_out_where_it_could_not_be_read() {
        assert_eq!(picture(LINK, &wide(36)), None);
        assert_eq!(picture(LINK, &Place::default()), None);
        let latin = Place {
            unicode: false,
            ..wide(80)
        };
        assert_eq!(picture(LINK, &latin), None);
    }
}
