//! Mappings and the basic data of a vehicle.

use serde_json::{Value, json};

use crate::call::Answer;
use crate::car::Car;
use crate::car::kind::CarKind;
use crate::config::{Mapping, MappingsShape};
use crate::world::World;

pub(super) fn mappings(world: &World) -> Answer {
    let mut mappings: Vec<Value> = world.cars.iter().map(mapping).collect();
    let body = match world.config.mappings {
        MappingsShape::Array => Value::Array(mappings),
        MappingsShape::Object if mappings.is_empty() => json!({}),
        MappingsShape::Object => mappings.swap_remove(0),
    };
    Answer::json(200, &body)
}

fn mapping(car: &Car) -> Value {
    let mut mapping = json!({ "vin": car.vehicle.vin, "mappedSince": "2025-03-27T17:48:41.435Z" });
    let word = match car.vehicle.mapping {
        Mapping::Primary => "PRIMARY",
        Mapping::Secondary => "SECONDARY",
        Mapping::Untold => return mapping,
    };
    mapping["mappingType"] = word.into();
    mapping
}

/// As the live service sends it: no VIN, an offset without a colon, and keys that the specification does not
/// have.
pub(super) fn basic_data(car: &Car) -> Answer {
    let (drive_train, propulsion) = match car.vehicle.kind {
        CarKind::Phev => ("PHEV", "HY"),
        _ => ("BEV", "EL"),
    };
    Answer::json(
        200,
        &json!({
            "brand": "BMW",
            "isTelematicsCapable": true,
            "puStep": "0723",
            "modelRange": "G26E",
            "series": "4",
            "seriesDevt": "G26",
            "modelName": car.vehicle.model,
            "modelKey": "71AW",
            "bodyType": "GRAN COUPE",
            "numberOfDoors": 5,
            "hasNavi": true,
            "headUnit": "MGU_02_L",
            "hasSunRoof": true,
            "countryCode": "DE",
            "steering": "LL",
            "engine": "HA0001N0",
            "driveTrain": drive_train,
            "chargingModes": ["AC_HIGH", "AC_LOW", "DC"],
            "propulsionType": propulsion,
            "colourCode": "C31",
            "colourCodeRaw": "WC31",
            "colourDescription": "PORTIMAO BLAU METALLIC",
            "constructionDate": "2022-11-24T00:00:00.000+0000",
            "fullSAList": "1CB,1CE,205,249,2VB,302,313,322,337,4AA,544,5AC,5DM,6AE,6AK",
            "reessNominalCapacityGross": "210.6",
            "simStatus": "ACTIVE",
        }),
    )
}
