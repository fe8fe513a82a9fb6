//! Containers: found, created, deleted.

use cardata_api::{ApiError, ContainerState, ErrorKind};

use crate::doubles::{Bench, container};
use crate::server::{Reply, Server};

#[tokio::test]
async fn containers_come_in_a_list_of_either_shape() {
    let items = r#"[{"containerId":"S00I001234567","name":"battery","purpose":"p","state":"ACTIVE",
        "created":"2025-09-29T13:21:16.000Z"},{"containerId":"b","state":"INACTIVE","new":1},{"name":"no id"},
        {"containerId":"c","state":"DELETED"},{"containerId":"d","state":"odd","created":"odd"},
        {"containerId":"e"}]"#;
    for body in [items.to_owned(), format!(r#"{{"containers":{items}}}"#)] {
        let server = Server::start([Reply::new(200, body)]).await;
        let containers = Bench::new(&server.url).client.containers().await.unwrap();
        assert_eq!(containers[0].id, container());
        assert_eq!(containers[0].name.as_deref(), Some("battery"));
        assert_eq!(containers[0].purpose.as_deref(), Some("p"));
        let states: Vec<_> = containers
            .iter()
            .map(|container| container.state.clone())
            .collect();
        let other = |text: &str| ContainerState::Other(text.to_owned());
        assert_eq!(
            states,
            [
                ContainerState::Active,
                ContainerState::Inactive,
                ContainerState::Deleted,
                other("odd"),
                other("")
            ]
        );
        assert_eq!(states.iter().filter(|state| state.is_gone()).count(), 2);
    }
}

#[tokio::test]
async fn no_container_is_no_error_but_nonsense_is() {
    let bodies = ["[]", "{}", r#"{"containers":[]}"#, r#"{"containers":null}"#].map(|body| (200, body));
    for (status, body) in bodies.into_iter().chain([(204, "")]) {
        let server = Server::start([Reply::new(status, body)]).await;
        assert!(
            Bench::new(&server.url)
                .client
                .containers()
                .await
                .unwrap()
                .is_empty(),
            "{body}"
        );
    }
    for body in [
        "7",
        r#"{"items":[]}"#,
        r#"{"containers":7}"#,
        r#"[{"name":"no id"}]"#,
        "[7]",
    ] {
        let server = Server::start([Reply::new(200, body)]).await;
        let error = Bench::new(&server.url).client.containers().await.unwrap_err();
        assert!(matches!(error, ApiError::Unexpected(_)), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn a_new_container_comes_with_200_or_201() {
    let body =
        r#"{"containerId":"S00I001234567","name":"n","state":"ACTIVE","technicalDescriptors":["b","a"]}"#;
    for status in [200, 201] {
        let server = Server::start([Reply::new(status, body)]).await;
        let created = Bench::new(&server.url)
            .client
            .create_container("n", "p", &["b", "a"])
            .await
            .unwrap();
        assert_eq!(created.id, container());
        assert_eq!(created.name.as_deref(), Some("n"));
    }
    for body in ["{}", r#"{"containerId":".."}"#, "[]"] {
        let server = Server::start([Reply::new(201, body)]).await;
        let error = Bench::new(&server.url)
            .client
            .create_container("n", "p", &["a"])
            .await
            .unwrap_err();
        assert!(matches!(error, ApiError::Unexpected(_)), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn refused_descriptors_are_told() {
    for (status, id) in [(403, "CU-403"), (400, "CU-402")] {
        let server = Server::start([Reply::error(status, id, "m")]).await;
        let error = Bench::new(&server.url)
            .client
            .create_container("n", "p", &["a"])
            .await
            .unwrap_err();
        assert_eq!(error.reported(), Some(ErrorKind::Parameter), "{error:?}");
        assert!(error.to_string().contains("descriptors"), "{error}");
        assert!(error.refuses_descriptors() && !error.leaves_doubt(), "{error}");
    }
}

#[tokio::test]
async fn the_descriptors_that_bmw_names_are_told_whole() {
    let named: Vec<String> = (0..30)
        .map(|number| format!("vehicle.cabin.door.row{number}.passenger.isOpen"))
        .collect();
    let note = format!("Invalid telematic keys: {}.", named.join(", "));
    let body = format!(r#"{{"exveErrorId":"CU-402","exveErrorMsg":"Bad request","exveNote":"{note}"}}"#);
    let server = Server::start([Reply::new(400, body)]).await;
    let error = Bench::new(&server.url)
        .client
        .create_container("n", "p", &named)
        .await
        .unwrap_err();
    assert_eq!(error.answer().unwrap().descriptors, named);
    assert!(error.refuses_descriptors());
}

#[tokio::test]
async fn what_else_a_creation_fails_with_is_told_apart() {
    let create = async |reply: Reply| {
        let server = Server::start([reply]).await;
        let bench = Bench::new(&server.url);
        bench.client.create_container("n", "p", &["a"]).await.unwrap_err()
    };
    let limit = create(Reply::error(403, "CU-124", "m")).await;
    assert!(limit.is_container_limit() && !limit.refuses_descriptors() && !limit.leaves_doubt());
    let scope = create(Reply::error(403, "CU-103", "m")).await;
    assert!(scope.needs_login() && !scope.refuses_descriptors());
    let malformed = create(Reply::error(400, "CU-400", "m")).await;
    assert!(!malformed.refuses_descriptors() && !malformed.leaves_doubt());
    for doubtful in [
        Reply::error(500, "CU-500", "m"),
        Reply::new(201, "<html>"),
        Reply::new(502, "<html>"),
        Reply::new(201, "{}"),
    ] {
        assert!(create(doubtful.clone()).await.leaves_doubt(), "{doubtful:?}");
    }
    let xml = create(Reply::new(403, "<error><id>CU-403</id></error>")).await;
    assert!(xml.refuses_descriptors() && !xml.leaves_doubt(), "{xml:?}");
}

#[tokio::test]
async fn what_is_gone_is_deleted() {
    let replies = [
        Reply::new(204, ""),
        Reply::new(200, "{}"),
        Reply::new(208, "whatever"),
        Reply::new(404, ""),
        Reply::error(404, "CU-404", "m"),
        Reply::error(403, "CU-122", "m"),
    ];
    for reply in replies {
        let server = Server::start([reply.clone()]).await;
        let result = Bench::new(&server.url)
            .client
            .delete_container(&container())
            .await;
        assert!(result.is_ok(), "{reply:?}: {result:?}");
    }
}

#[tokio::test]
async fn a_failed_deletion_is_told() {
    for reply in [
        Reply::error(403, "CU-105", "m"),
        Reply::error(400, "CU-121", "m"),
        Reply::error(500, "CU-500", "m"),
        Reply::new(404, "<html>wrong address</html>"),
    ] {
        let server = Server::start([reply.clone()]).await;
        let result = Bench::new(&server.url)
            .client
            .delete_container(&container())
            .await;
        assert!(result.is_err(), "{reply:?}");
    }
}
