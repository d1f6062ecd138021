use lacuna_engine::*; use lacuna_runtime::*;
#[test] fn measure() {
    let host = Host::new(HostOptions { cache: CompileCache::Off }).unwrap();
    let t = std::time::Instant::now();
    let m = Plugin::load(&host, "m", &lacuna_tests::guest("hostile", "method")).unwrap();
    println!("load method {:?}", t.elapsed());
    let p = Plugin::load(&host, "p", &lacuna_tests::guest("hostile", "perturbation")).unwrap();
    let dir = std::env::temp_dir().join("lacuna-cache-measure");
    for _ in 0..2 { let h = Host::new(HostOptions { cache: CompileCache::Folder(dir.clone()) }).unwrap(); let b = lacuna_tests::guest("hostile", "method"); let t = std::time::Instant::now(); Plugin::load(&h, "m", &b).unwrap(); println!("cached load {:?}", t.elapsed()); }
    for (arch, n) in [(Architecture::SmallCnn, 1), (Architecture::DenseNet121, 1), (Architecture::DenseNet121, 4)] {
        let device = Device::cpu();
        let c = Classifier::untrained(arch, 2, 7, &device).unwrap();
        let i = c.info();
        let images = Tensor::uniform(&device, &[n, i.channels, i.height, i.width], 0.0, 1.0, 7).unwrap();
        let o = explain(&host, ExplainRequest { perturbation: Some(&p), grants: Grants::none().with(Need::Readback), ..ExplainRequest::new(&m, &c, images, vec![ClassIndex(1); n]) }).unwrap();
        println!("{arch:?} {n} {:?} calls {} boundary/step {:.1} us, share {:.3} %", o.record.timings, o.record.host_calls, o.record.timings.boundary * 1e5, 100.0 * o.record.timings.boundary / (o.record.timings.total - o.record.timings.prepare));
        if n == 1 { println!("{}", serde_json::to_string(&o.record).unwrap()); }
    }
}
