//! Why the numbers of a session are what they are.

use collector_core::{Cited, Evidence};

use super::energies::{Basis, FULL};
use super::record::{Told, current};
use super::signals::{Of, Sign};
use crate::fact::Charging;

/// No value cites more.
const MOST_CITED: usize = 12;

pub fn of(told: &Told<'_>) -> Box<[Evidence]> {
    let all = [
        start(told),
        end(told),
        plug(told),
        place(told),
        soc(told),
        grid(told),
        battery(told),
        below(told),
        from_soc(told),
        from_power(told),
        energy(told),
        power(told),
        kind(told),
        cost(told),
        returned(told),
        marks(told),
    ];
    all.into_iter().flatten().collect()
}

fn because(
    column: &str,
    rule: &str,
    note: impl Into<Box<str>>,
    cited: impl IntoIterator<Item = Cited>,
) -> Evidence {
    Evidence {
        column: column.into(),
        rule: rule.into(),
        interval: None,
        note: note.into(),
        cited: cited.into_iter().take(MOST_CITED).collect(),
    }
}

fn listed<'a>(told: &'a Told<'_>) -> impl Iterator<Item = Cited> + use<'a> {
    told.session.listed.iter().map(|charge| charge.cited())
}

fn signs(signs: impl IntoIterator<Item = Option<Sign>>) -> Vec<Cited> {
    signs.into_iter().flatten().map(|sign| sign.cited()).collect()
}

fn start(told: &Told<'_>) -> Option<Evidence> {
    if !told.session.listed.is_empty() {
        let note = "BMW's start takes the place of the one that was seen.";
        let note = if told.session.plug_ins.is_empty() {
            "As BMW lists it; nothing was seen of it."
        } else {
            note
        };
        return Some(because("start_at", "S2", note, listed(told)));
    }
    let Some(first) = told.session.windows().next() else {
        return Some(because("start_at", "S1", "Plugged in without charging.", []));
    };
    let note = if first.loose {
        "Only the charge rose: it began at this time or later."
    } else {
        match first.start.of {
            Of::Charging(_) => "The car said that it charges.",
            _ => "The first sign that energy flows.",
        }
    };
    Some(because("start_at", "S1", note, [first.start.cited()]))
}

fn end(told: &Told<'_>) -> Option<Evidence> {
    told.end?;
    let last = told
        .session
        .windows()
        .next_back()
        .filter(|window| told.end == Some(window.end.at));
    let never = told.session.listed.is_empty() && told.session.windows().next().is_none();
    if let Some(out) = told.session.unplugged().filter(|_| never) {
        return Some(because(
            "end_at",
            "S1",
            "Unplugged without charging.",
            [out.cited()],
        ));
    }
    Some(match last {
        Some(window) => because("end_at", "S1", ended(window.end), [window.end.cited()]),
        None => because("end_at", "S2", "As BMW lists it.", listed(told)),
    })
}

fn ended(sign: Sign) -> &'static str {
    match sign.of {
        Of::Plug => "It was unplugged; nothing ended it before.",
        Of::Charging(Charging::Active) => "The last sign that energy flows; the end itself was not told.",
        Of::Charging(_) => "The car said that it no longer charges.",
        Of::Power if sign.value <= 0.0 => "The car said that no power flows.",
        _ => "The last sign that energy flows; the end itself was not told.",
    }
}

fn place(told: &Told<'_>) -> Option<Evidence> {
    let stood = told.position.as_ref()?;
    Some(because("latitude", "S1", stood.note, [stood.cited.clone()]))
}

fn plug(told: &Told<'_>) -> Option<Evidence> {
    let plug_ins = &told.session.plug_ins;
    let cited = signs([
        plug_ins.first().and_then(|plug_in| plug_in.plugged),
        told.session.unplugged(),
    ]);
    let note = match (told.plugged, told.unplugged) {
        (Some(_), _) => "As the car said.",
        (None, Some(_)) => "Since when it was plugged in is not known: the car told nothing of it in time.",
        (None, None) => "Only while it was plugged in the car told of it: neither end is known.",
    };
    (!cited.is_empty()).then(|| because("plugged_at", "S1", note, cited))
}

fn soc(told: &Told<'_>) -> Option<Evidence> {
    told.soc.0.or(told.soc.1)?;
    if told.session.is_listed() {
        let end = told.session.listed.last().and_then(|charge| charge.soc_end);
        if end.is_none_or(|end| told.soc.1 <= Some(end)) {
            return Some(because("soc_end", "S2", "As BMW lists it.", listed(told)));
        }
        let note = "The car showed more at the end of charging than BMW lists, whose end may be days later.";
        return Some(because(
            "soc_end",
            "S2",
            note,
            soc_signs(told).into_iter().chain(listed(told)),
        ));
    }
    let note = "The first and the last that the car told while it charged.";
    Some(because("soc_end", "S1", note, soc_signs(told)))
}

fn soc_signs(told: &Told<'_>) -> Vec<Cited> {
    let ends = told.session.plug_ins.iter().flat_map(|plug_in| {
        let (first, last) = plug_in.state_of_charge();
        [first, last]
    });
    signs(ends)
}

fn grid(told: &Told<'_>) -> Option<Evidence> {
    told.energies.grid?;
    let note = if told.session.listed.iter().all(|charge| charge.grid.is_none()) {
        "The sum of BMW's blocks."
    } else {
        "BMW's total."
    };
    Some(because("energy_grid_kwh", "S3", note, listed(told)))
}

fn battery(told: &Told<'_>) -> Option<Evidence> {
    told.energies.battery?;
    Some(because(
        "energy_battery_kwh",
        "S3",
        "As BMW lists it.",
        listed(told),
    ))
}

fn from_soc(told: &Told<'_>) -> Option<Evidence> {
    let interval = told.energies.soc?;
    let capacity = told.capacity?;
    let (low, high) = (capacity.low, capacity.high);
    let whose = match capacity.told.map(|sign| sign.of) {
        Some(Of::Shown(_)) => "the shown",
        Some(_) => "BMW's",
        None => "the owner's",
    };
    let full = if told.soc.1 >= Some(FULL) {
        " and a step above 100 %"
    } else {
        ""
    };
    let note = format!(
        "The rise of the charge, half a step more or less at both ends{full}, times {whose} capacity of {low} to {high} kWh."
    );
    let mut cited = signs([capacity.told]);
    cited.extend(if told.session.is_listed() {
        listed(told).collect()
    } else {
        soc_signs(told)
    });
    Some(Evidence {
        interval: Some(interval),
        ..because("energy_from_soc_low_kwh", "S3", note, cited)
    })
}

fn from_power(told: &Told<'_>) -> Option<Evidence> {
    let (low, high) = told.energies.power?;
    let note = if high > low {
        "Power over time. While the car was silent it was from nothing to the higher of the powers around the silence: the value is the middle."
    } else {
        "Power over time."
    };
    let peaks = told
        .session
        .windows()
        .flat_map(|window| [window.power.first, window.power.peak]);
    let mut cited = signs(peaks);
    cited.dedup();
    Some(Evidence {
        interval: Some((low, high)),
        ..because("energy_from_power_kwh", "S3", note, cited)
    })
}

fn below(told: &Told<'_>) -> Option<Evidence> {
    let (_, interval) = told.energies.below?;
    let note = "What the battery took, as BMW lists it, less what power says of the rest.";
    Some(Evidence {
        interval: Some(interval),
        ..because("energy_below_full_kwh", "B1", note, listed(told))
    })
}

fn energy(told: &Told<'_>) -> Option<Evidence> {
    let (_, basis) = told.energies.chosen?;
    let interval = match basis {
        Basis::Grid | Basis::Battery => None,
        Basis::Power => told.energies.power,
        Basis::Soc => told.energies.soc,
    };
    let bmw = matches!(basis, Basis::Grid | Basis::Battery);
    let note = match (bmw, told.session.is_listed(), told.session.listed.is_empty()) {
        (true, false, _) => "At least: BMW does not list all of the charging yet, and nothing else tells it.",
        (false, false, false) => "BMW does not list all of the charging yet.",
        (true, true, _) if basis == Basis::Grid => "What the grid gave, as BMW lists it.",
        (true, true, _) => "What the battery took, as BMW lists it; what the grid gave is not known.",
        _ if basis == Basis::Power => "From power: nothing more exact is known.",
        _ => "From the charge: nothing more exact is known.",
    };
    let cited: Vec<_> = if bmw { listed(told).collect() } else { Vec::new() };
    Some(Evidence {
        interval,
        ..because("energy_kwh", "S3", note, cited)
    })
}

fn power(told: &Told<'_>) -> Option<Evidence> {
    told.power.mean?;
    let loose = told.session.windows().any(|window| window.loose) && told.session.listed.is_empty();
    let note = if loose {
        "At least: it may have charged for a shorter time."
    } else {
        "Energy by the time of charging, not of the plug."
    };
    Some(because("mean_power_kw", "S4", note, []))
}

fn kind(told: &Told<'_>) -> Option<Evidence> {
    let kind = told.power.current?;
    let plug = told
        .session
        .plug_ins
        .iter()
        .rev()
        .find_map(|plug_in| plug_in.current);
    let note = format!("{} is inferred from power and plug.", current(kind));
    let peaks = told.session.windows().filter_map(|window| window.power.peak);
    let highest = peaks.max_by(|a, b| a.value.total_cmp(&b.value));
    Some(because("current_type", "S4", note, signs([highest, plug])))
}

fn cost(told: &Told<'_>) -> Option<Evidence> {
    let cost = &told.cost;
    if cost.amount.is_none() {
        let note = if told.energies.chosen.is_some() {
            "No tariff fits."
        } else {
            "The energy is unknown."
        };
        return Some(because("cost", "S5", note, []));
    }
    let [energy, session, minutes, idle] = cost.parts;
    let mut note = format!(
        "By {}: energy {energy}, session {session}, minutes {minutes}, idle minutes {idle}.",
        cost.tariffs.join(", "),
    );
    if cost.unpriced_share.is_none() {
        note.push_str(" The energy is not what the grid gave, where it is sold: it costs more, and how much is not known.");
    }
    Some(because("cost", "S5", note, []))
}

fn returned(told: &Told<'_>) -> Option<Evidence> {
    told.energies.returned?;
    let by_bmw = told
        .session
        .listed
        .iter()
        .any(|charge| charge.returned.is_some_and(|kwh| kwh > 0.0));
    if by_bmw {
        return Some(because(
            "energy_returned_kwh",
            "S6",
            "As BMW lists it.",
            listed(told),
        ));
    }
    let note = "The fall of the charge while plugged in, times the capacity.";
    Some(because(
        "energy_returned_kwh",
        "S6",
        note,
        signs([told.capacity.and_then(|capacity| capacity.told)]),
    ))
}

fn marks(told: &Told<'_>) -> Option<Evidence> {
    if told.marks().is_empty() {
        return None;
    }
    let failed = told.session.plug_ins.iter().map(|plug_in| plug_in.failed);
    let meaning = |mark: &str| match mark {
        "no_energy" => "No energy was seen to flow.",
        "no_end" => "BMW lists no end.",
        "split" => "Several charges of BMW, or a pause of half an hour.",
        "failed" => "The car or BMW says that charging failed.",
        _ => "The battery gave energy back.",
    };
    let marks = told.marks();
    let notes: Vec<_> = marks.split(',').map(meaning).collect();
    Some(because("mark", "S6", notes.join(" "), signs(failed)))
}
