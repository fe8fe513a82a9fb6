//! BMW's picture of a car, and what lies in its place.

use std::fs;
use std::path::Path;

use collector_core::UnitSystem;
use reqwest::StatusCode;
use tempfile::TempDir;

use super::car::{Car, car};
use super::site::Program;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and what else is in it";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0 and what else is in it";
const PAGE: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";

/// Puts something in the place of a picture.
type Make<'a> = &'a dyn Fn(&Path);

/// A car whose picture is one of `car.png` and `car.jpg` in the folder.
async fn pictured(folder: &Path) -> Car {
    let program = Program {
        pictures: ["car.png", "car.jpg"].map(|name| folder.join(name)).into(),
        ..Program::default()
    };
    car(Vec::new(), Vec::new(), UnitSystem::Metric, program).await
}

/// Whether Now shows a picture, and what its URL brings.
async fn shown(car: &Car) -> (bool, reqwest::Response) {
    let page = car.get("v/i4/now").await;
    let is_shown =
        page.contains("<img class=\"car\" src=\"picture\" alt=\"i4\" width=\"460\" height=\"220\">");
    assert_ne!(is_shown, page.contains("<svg class=\"car\""), "{page}");
    (is_shown, car.page.get("v/i4/picture").send().await.unwrap())
}

#[tokio::test]
async fn it_is_shown_as_what_its_first_bytes_say() {
    for (name, bytes, media_type) in [
        ("car.png", PNG, "image/png"),
        ("car.jpg", JPEG, "image/jpeg"),
        ("car.png", JPEG, "image/jpeg"),
    ] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(name), bytes).unwrap();
        let car = pictured(folder.path()).await;
        let (is_shown, answer) = shown(&car).await;
        assert!(is_shown && answer.status() == StatusCode::OK, "{name}");
        let head = answer.headers().clone();
        assert_eq!(head["content-type"], media_type);
        assert_eq!(head["x-content-type-options"], "nosniff");
        assert_eq!(head["cache-control"], "private, no-cache");
        assert!(
            head["content-security-policy"]
                .to_str()
                .unwrap()
                .starts_with("default-src 'none'")
        );
        assert_eq!(answer.bytes().await.unwrap(), bytes);

        let again = || {
            car.page
                .get("v/i4/picture")
                .header("if-none-match", &head["etag"])
                .send()
        };
        let known = again().await.unwrap();
        assert_eq!(
            (known.status(), &known.headers()["etag"]),
            (StatusCode::NOT_MODIFIED, &head["etag"])
        );
        fs::write(folder.path().join(name), [bytes, b"!"].concat()).unwrap();
        assert_eq!(
            again().await.unwrap().status(),
            StatusCode::OK,
            "it is another one"
        );
    }
}

#[tokio::test]
async fn what_is_no_picture_leaves_the_silhouette() {
    let elsewhere = TempDir::new().unwrap();
    let sound = elsewhere.path().join("sound.png");
    fs::write(&sound, PNG).unwrap();
    let cases: [(&str, Make<'_>); 6] = [
        ("none", &|_| ()),
        ("a page", &|path| fs::write(path, PAGE).unwrap()),
        ("a few bytes", &|path| fs::write(path, &PNG[..5]).unwrap()),
        ("a folder", &|path| fs::create_dir(path).unwrap()),
        ("100 MB", &|path| {
            fs::write(path, PNG).unwrap();
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(100_000_000).unwrap();
        }),
        ("a link", &|path| {
            #[cfg(unix)]
            std::os::unix::fs::symlink(&sound, path).unwrap();
            #[cfg(not(unix))]
            let _ = path;
        }),
    ];
    for (what, make) in cases {
        let folder = TempDir::new().unwrap();
        make(&folder.path().join("car.png"));
        let car = pictured(folder.path()).await;
        let (is_shown, answer) = shown(&car).await;
        assert!(!is_shown, "{what}");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{what}");
        assert_eq!(answer.headers()["content-type"], "application/json", "{what}");
        // The other format is there all the same.
        fs::write(folder.path().join("car.jpg"), JPEG).unwrap();
        let (is_shown, answer) = shown(&car).await;
        assert!(
            is_shown && answer.headers()["content-type"] == "image/jpeg",
            "{what}"
        );
    }
}

#[tokio::test]
async fn there_is_none_of_a_vehicle_that_is_not_known() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("car.png"), PNG).unwrap();
    let car = pictured(folder.path()).await;
    let answer = car.page.get("v/nobody/picture").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}
