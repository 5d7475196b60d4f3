//! What a health endpoint would answer, as JSON: which encoder serves each codec, and which of them is a fallback.
#![forbid(unsafe_code)]

use hwenc::probe::Prober;
use hwenc::{Codec, Fallback, Request};
use serde_json::{Map, json};

fn main() -> hwenc::Result<()> {
    let mut prober = Prober::new();
    let mut answer = Map::new();
    answer.insert("ffmpeg".into(), json!(prober.report()?.ffmpeg.version));
    for codec in [Codec::H264, Codec::Hevc, Codec::Av1] {
        let want = Request::new(codec, 1280, 720).fallback(Fallback::Software);
        let entry = match prober.ensure(&want) {
            Ok(decision) => json!({
                "encoder": decision.chosen().encoder,
                "fallback": decision.fallback_used(),
            }),
            Err(error) => json!({ "encoder": null, "code": error.code() }),
        };
        answer.insert(codec.to_string(), entry);
    }
    println!("{}", json!(answer));
    Ok(())
}
