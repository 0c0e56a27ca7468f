//! Examples of the specifications, and texts that are none.

use super::{WITNESS, log_key, log_vkey, trust, vkey, witness_key, witness_vkey};
use crate::log::layout::Place;
use crate::log::tree::{Edge, NodeHash, leaf_hash};
use crate::log::{
    KeyKind, Note, Tile, TileKind, TreeHead, VerifierKey, cosign, split_bundle, verify_signatures,
};

/// The leaves and roots that implementations of Certificate Transparency are tested with.
#[test]
fn roots_are_those_of_the_reference_tree() {
    let leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut edge = Edge::default();
    assert_eq!(edge.root(), NodeHash::empty());
    for (leaf, root) in leaves.iter().zip(roots) {
        edge.push(leaf_hash(&hex::decode(leaf).unwrap()));
        assert_eq!(hex::encode(edge.root().0), root);
    }
}

#[test]
fn a_tree_of_70_000_has_the_tiles_of_the_specification() {
    let size = 70_000;
    for (level, index, width) in [
        (0, 0, 256),
        (0, 272, 256),
        (0, 273, 112),
        (0, 274, 0),
        (1, 0, 256),
        (1, 1, 17),
        (2, 0, 1),
        (3, 0, 0),
    ] {
        assert_eq!(Tile::width_at(TileKind::Hashes(level), index, size), width);
    }
    assert_eq!(
        Tile::hashes(0, 1_234_067, 256).to_string(),
        "tile/0/x001/x234/067"
    );
    assert_eq!(
        Tile::entries(273, 112).to_string(),
        "tile/entries/273.p/112"
    );
}

#[test]
fn paths_have_one_spelling() {
    for path in [
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/data/000",
        "tile/0/+01",
        "tile/entries/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/xx01/000",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert!(path.parse::<Tile>().is_err(), "{path}");
        assert!(path.parse::<Place>().is_err(), "{path}");
    }
    for path in [
        "head/1",
        "head/0000000000000000000a",
        "side/AB",
        "cosignature/00000000000000000001/xyz",
        "cosignature/00000000000000000001",
        "other",
        "head",
        "",
        "side/../checkpoint",
    ] {
        assert!(path.parse::<Place>().is_err(), "{path}");
    }
    for path in [
        "checkpoint",
        "head/00000000000000000001",
        "expired/00000000000000000012",
        "cosignature/00000000000000000001/0123456789abcdef",
        "tile/3/x001/002.p/7",
    ] {
        assert_eq!(path.parse::<Place>().unwrap().to_string(), path);
    }
}

/// The example of the Go package `note`, from which the format comes.
#[test]
fn a_note_of_another_implementation_is_verified() {
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key: VerifierKey = key.parse().unwrap();
    let text = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let note = Note::parse(text.as_bytes()).unwrap();
    assert_eq!(note.to_string(), text);
    assert_eq!(
        verify_signatures(&note, std::slice::from_ref(&key)).unwrap()[0].name,
        "PeterNeumann"
    );
    let mut other = note.clone();
    other.text.push('\n');
    assert!(verify_signatures(&other, &[key]).is_err());
    assert!(verify_signatures(&note, &[log_vkey()]).unwrap().is_empty());
}

/// The example of tlog-checkpoint and tlog-cosignature, whose keys are not published.
#[test]
fn the_checkpoint_of_the_specification_is_read() {
    let text = "example.com/behind-the-sofa\n20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
    let note = Note::parse(text.as_bytes()).unwrap();
    assert_eq!(note.to_string(), text);
    let head = TreeHead::parse(&note.text).unwrap();
    assert_eq!(
        (head.origin.as_str(), head.size),
        ("example.com/behind-the-sofa", 20_852_163)
    );
    assert_eq!(head.to_string(), note.text);
    // The cosignature's time is 1679315147.
    assert_eq!(
        note.signatures[1].bytes[..8],
        1_679_315_147_u64.to_be_bytes()
    );
}

#[test]
fn what_is_no_note_is_refused() {
    let head = TreeHead {
        origin: "dtm.example/audit".to_owned(),
        size: 0,
        root: NodeHash::empty(),
    };
    let good = head.sign(&*log_key()).unwrap().to_string();
    assert!(trust().open_checkpoint(good.as_bytes()).is_ok());
    let many = "— a AAAAAAAA\n".repeat(65);
    for bad in [
        String::new(),
        good.trim_end().to_owned(),
        good.replace("\n\n", "\n"),
        good.replace("— ", "- "),
        good.replace("— ", "—"),
        format!("{good}\n"),
        format!("{good} "),
        format!("{good}— a+b AAAAAAAA\n"),
        format!("{good}— a AAAA\n"),
        format!("{good}— a AAAAAAAB=\n"),
        format!("{good}{many}"),
        good.replace("\n0\n", "\n00\n"),
        good.replace("\n0\n", "\n-0\n"),
        good.replace("\n0\n", "\n0\r\n"),
        good.replacen('\n', "\n\n", 1),
        good.replace("47DEQ", "47DER"),
        good.replace("dtm.example", "other.example"),
    ] {
        assert!(trust().open_checkpoint(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(Note::parse(&vec![b'a'; 300_000]).is_err());
    assert!(Note::parse(&[0xff, b'\n', b'\n']).is_err());
    let others = format!("{good}{}", "— a AAAAAAAA\n".repeat(40));
    assert!(
        trust().open_checkpoint(others.as_bytes()).is_ok(),
        "unknown keys are passed over"
    );
}

#[test]
fn keys_have_one_spelling() {
    let key = log_vkey().to_string();
    assert_eq!(key.parse::<VerifierKey>().unwrap(), log_vkey());
    for bad in [
        key.replace("dtm", "dtn"),
        key.replace('+', " "),
        key[..key.len() - 4].to_owned(),
        key.to_uppercase(),
        format!("{key}\n"),
        String::new(),
    ] {
        assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
    }
    for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b", &"a".repeat(256)] {
        assert!(VerifierKey::new(name, KeyKind::Ed25519, log_key().public()).is_err());
    }
}

#[test]
fn a_cosignature_is_over_its_time_and_no_signature_of_the_log() {
    let text = "dtm.example/audit\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let mut note = Note {
        text: text.to_owned(),
        signatures: vec![cosign(WITNESS, &*witness_key(), text, 1_679_315_147).unwrap()],
    };
    let signed = verify_signatures(&note, &[witness_vkey()]).unwrap();
    assert_eq!(signed[0].at_unix_s, Some(1_679_315_147));
    assert!(
        trust()
            .open_checkpoint(note.to_string().as_bytes())
            .is_err()
    );
    assert!(trust().open_either(note.to_string().as_bytes()).is_ok());
    note.signatures[0].bytes[7] ^= 1;
    assert!(verify_signatures(&note, &[witness_vkey()]).is_err());
    // The same key under the type of a log is another key.
    let as_log = vkey(WITNESS, KeyKind::Ed25519, &witness_key());
    assert!(verify_signatures(&note, &[as_log]).unwrap().is_empty());
}

#[test]
fn bundles_are_split_where_they_were_joined() {
    let mut bundle = Vec::new();
    for entry in [&b"one"[..], b"", &[7; 65_535]] {
        crate::log::append_entry(&mut bundle, entry).unwrap();
    }
    assert!(crate::log::append_entry(&mut bundle, &[7; 65_536]).is_none());
    assert_eq!(bundle[..5], *b"\0\x03one");
    let (entries, end) = split_bundle(&bundle);
    assert_eq!((entries.len(), end), (3, bundle.len()));
    assert_eq!(entries[2].0, 7);
    assert_eq!(split_bundle(&bundle[..bundle.len() - 1]).1, 7);
}
