//! What a poll brings: out of the answer, into a payload of the journal, and out of it as readings.

use cardata_api::fuzzing::Received;
use collector_core::Reading;
use normalise::body::Body;
use normalise::known::{KnownDescriptors, infer};
use normalise::{Meaning, interpret};

use crate::journal_payload::{encode, readings, sound, window};
use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "polls",
    places: &["absent value", "learned descriptor", "reading", "rejected value"],
    run,
};

fn run(input: &[u8], reached: &mut Reached) {
    let received = Received {
        token: "",
        status: 200,
        body: input,
        cut_short: false,
    };
    let Ok(data) = received.telematic_data() else {
        return;
    };
    let mut known = KnownDescriptors::default();
    let mut expected = Vec::new();
    for reading in &data.readings {
        let Some(body) = Body::parse(reading.body.get()) else {
            continue;
        };
        let descriptor = reading.descriptor.as_str();
        if known.get(descriptor).is_none() {
            let Some((value_type, unit)) = infer(&body, descriptor) else {
                continue;
            };
            reached.reach("learned descriptor");
            known.learn(descriptor, value_type, unit);
        }
        let Some(known) = known.get(descriptor) else {
            panic!("{descriptor} was learned")
        };
        match interpret(&body, known, window()) {
            Meaning::Absent => reached.reach("absent value"),
            Meaning::Rejected(reason) => {
                reached.reach("rejected value");
                assert!(!reason.is_empty() && reason.chars().count() < 500, "{reason}");
            }
            Meaning::Reading {
                value,
                unit,
                measured_at,
                stamp,
            } => {
                reached.reach("reading");
                let mut reading = Reading::new(known.descriptor.clone(), value, unit, measured_at);
                reading.stamp = stamp;
                expected.push(reading);
            }
        }
    }
    let payload = encode(
        data.readings
            .iter()
            .map(|reading| (reading.descriptor.as_str(), &*reading.body, 0)),
    );
    for reading in &data.readings {
        assert!(payload.contains(reading.body.get()), "byte by byte: {payload}");
    }
    let read = readings(&payload, &known).expect("what was written is readable");
    read.iter().for_each(sound);
    // The first value of a descriptor may teach its type after others of it came.
    let taught = |reading: &&Reading| {
        expected
            .iter()
            .any(|known| known.descriptor == reading.descriptor)
    };
    assert!(read.iter().all(|reading| taught(&reading)));
    assert!(
        expected.iter().all(|reading| read.contains(reading)),
        "{expected:?} {read:?}"
    );
}
