use cfmt_core::stream::*;
use rand::RngExt;
fn main() {
    let mut w = vec![0u64; 512];
    for _ in 0..5 {
        let t = std::time::Instant::now();
        let mut s = 0u64;
        let mut l = [0u32; 512];
        let mut h = [0u32; 512];
        let mut r = stream_words(1, Purpose::Sampling, 0, 0, 0);
        for _ in 0..20000 {
            r.fill(&mut h, &mut l);
            s ^= u64::from(h[77] ^ l[8]);
        }
        let a = t.elapsed();
        let t = std::time::Instant::now();
        let mut r = stream_chunk(1, Purpose::Sampling, 0, 0, 0);
        for _ in 0..20000 {
            r.fill(&mut w[..]);
            s ^= w[77];
        }
        println!("new {:?} old {:?} {s}", a, t.elapsed());
    }
}
