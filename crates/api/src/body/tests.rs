use axum::body::to_bytes;
use service::ErrorKind;

use super::*;

fn chunks(sizes: &[usize], fails: bool) -> Chunks {
    let good: Vec<_> = sizes
        .iter()
        .map(|size| Ok(Bytes::from(vec![b'x'; *size])))
        .collect();
    let end = fails.then(|| Err(ServiceError::new(ErrorKind::LimitExceeded, "met")));
    stream::iter(good).chain(stream::iter(end)).boxed()
}

#[tokio::test]
async fn an_early_error_is_an_error_and_not_a_body() {
    let error = answered(chunks(&[10, 20], true)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::LimitExceeded);
}

#[tokio::test]
async fn a_late_error_breaks_the_body_off() {
    let body = answered(chunks(&[HELD_BYTES, 20], true)).await.unwrap();
    assert!(to_bytes(body, usize::MAX).await.is_err());
}

#[tokio::test]
async fn all_bytes_arrive_in_order() {
    for sizes in [
        &[][..],
        &[5],
        &[HELD_BYTES - 1, 1, 3],
        &[HELD_BYTES, HELD_BYTES],
    ] {
        let body = answered(chunks(sizes, false)).await.unwrap();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        assert_eq!(bytes.len(), sizes.iter().sum::<usize>());
    }
}

#[tokio::test]
async fn what_nobody_reads_of_a_body_is_read_to_its_end() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let bytes = (0..10).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"x")));
    let last = stream::once(async move {
        sender.send(()).unwrap();
        Ok(Bytes::new())
    });
    let body = lingering(Body::from_stream(stream::iter(bytes).chain(last)));
    drop(body);
    receiver.await.unwrap();
}
