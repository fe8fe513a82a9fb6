//! The source `image`: the picture of a vehicle, in the journal and as a file that can be shown.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardata_api::Image;
use collector_core::document::IMAGE;
use collector_core::{Poll, RawSnapshot, SourceError, Vehicle, Vin};
use runtime::private;
use serde_json::json;
use source::SourceContext;

use crate::asking::{Asking, document, document_source};

document_source!(
    /// Asks for the picture of each vehicle, which lies in the folder `images` of the state then. Costs one call a vehicle
    /// and month.
    ImageConfig, "image", every 30 days, Picture,
    "Asks for the picture of each vehicle once a month."
);

struct Picture(Asking);

impl Picture {
    fn new(context: SourceContext) -> Self {
        Self(Asking::new(context))
    }

    /// The journal has the bytes all the same.
    fn show(&self, vehicle: &Vehicle, image: &Image) {
        let folder = &*self.0.handles.images;
        if let Err(error) = write(folder, &vehicle.vin, image) {
            tracing::warn!(account = %self.0.handles.login.account, vehicle = %vehicle.name, folder = %folder.display(), %error, "the picture of a vehicle could not be written to its file");
        }
    }
}

#[async_trait]
impl Poll for Picture {
    async fn poll(&mut self, vehicle: &Vehicle) -> Result<RawSnapshot, SourceError> {
        let asked_at = self.0.now();
        let answer = self.0.handles.client.image(&vehicle.vin).await;
        let image = answer.map_err(|error| self.0.failed(vehicle, &error))?;
        let document = image.as_ref().and_then(|image| {
            let base64 = STANDARD.encode(&image.bytes);
            let json = json!({ "media_type": image.media_type, "base64": base64 });
            document(IMAGE, &json.to_string(), None)
        });
        if let Some(image) = &image {
            self.show(vehicle, image);
        }
        Ok(self.0.brought(vehicle, asked_at, document.into_iter().collect()))
    }
}

/// Puts the picture into its file, named as the vehicle's keys are; one that is there already is left alone, and one in
/// the other format removed.
fn write(folder: &Path, vin: &Vin, image: &Image) -> io::Result<()> {
    let [png, jpg] = source::image_files(folder, vin);
    let (path, other): (PathBuf, PathBuf) = match image.media_type {
        "image/png" => (png, jpg),
        _ => (jpg, png),
    };
    if fs::read(&path).is_ok_and(|there| there == image.bytes) {
        return Ok(());
    }
    private::make_folder(folder)?;
    let mut file = tempfile::Builder::new().prefix(".image-").tempfile_in(folder)?;
    file.write_all(&image.bytes)?;
    file.as_file().sync_all()?;
    private::adopt(file.as_file(), &path);
    file.persist(&path)?;
    match fs::remove_file(other) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_one_file_whatever_its_format() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("images");
        let vin: Vin = "WBY8P210X07A12345".parse().unwrap();
        let names = || {
            let mut names: Vec<_> = fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        let image = |media_type, byte| Image {
            media_type,
            bytes: vec![byte; 200],
        };
        write(&folder, &vin, &image("image/png", 1)).unwrap();
        assert_eq!(names(), ["v7a12345.png"]);
        let written = fs::metadata(folder.join("v7a12345.png"))
            .unwrap()
            .modified()
            .unwrap();
        write(&folder, &vin, &image("image/png", 1)).unwrap();
        let again = fs::metadata(folder.join("v7a12345.png"))
            .unwrap()
            .modified()
            .unwrap();
        assert_eq!(again, written, "the same picture is not written again");
        write(&folder, &vin, &image("image/jpeg", 2)).unwrap();
        assert_eq!(names(), ["v7a12345.jpg"]);
        assert_eq!(fs::read(folder.join("v7a12345.jpg")).unwrap(), [2; 200]);
    }
}
