use crate::seal::{KeyId, PublicKey, SealError, SigningKey};

/// Secret key, public key, message, signature: RFC 8032, 7.1.
const RFC_8032: [[&str; 4]; 4] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
    [
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ],
];
/// The order of the group, least byte first.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/// RFC 8410, 10.1 and 10.3: the public key, and its private key in both versions of PKCS#8.
const RFC_8410_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";
const RFC_8410_PRIVATE: [&str; 2] = [
    "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
",
    "-----BEGIN PRIVATE KEY-----
MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB
Z9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PRIVATE KEY-----
",
];

fn bytes<const N: usize>(hex_digits: &str) -> [u8; N] {
    hex::decode(hex_digits).unwrap().try_into().unwrap()
}

#[test]
fn the_vectors_of_rfc_8032_are_signed_and_verified() {
    for [secret, public, message, signature] in RFC_8032 {
        let key = SigningKey::from_seed(&bytes(secret)).unwrap();
        let message = hex::decode(message).unwrap();
        assert_eq!(hex::encode(key.public().as_bytes()), public);
        let seal = key.sign(&message);
        assert_eq!(hex::encode(seal.signature), signature);
        assert_eq!(seal.key_id, key.public().id());
        let verifier = PublicKey::from_bytes(bytes(public));
        assert!(verifier.verifies(&message, &bytes(signature)));
        let longer = [&message[..], b"!"].concat();
        assert!(!verifier.verifies(&longer, &bytes(signature)));
    }
}

#[test]
fn a_signature_does_not_verify_after_any_bit_of_it_was_changed() {
    let [_, public, message, signature] = RFC_8032[2];
    let key = PublicKey::from_bytes(bytes(public));
    let message = hex::decode(message).unwrap();
    for bit in 0..512 {
        let mut changed: [u8; 64] = bytes(signature);
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!key.verifies(&message, &changed), "bit {bit}");
    }
}

#[test]
fn a_signature_has_no_second_spelling() {
    let [_, public, message, signature] = RFC_8032[1];
    let order: [u8; 32] = bytes(ORDER);
    let mut other: [u8; 64] = bytes(signature);
    let mut carry = 0;
    for (byte, add) in other[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    let key = PublicKey::from_bytes(bytes(public));
    assert!(!key.verifies(&hex::decode(message).unwrap(), &other));
}

#[test]
fn a_key_is_called_by_the_start_of_its_hash() {
    // `printf d75a98… | xxd -r -p | sha256sum`
    let key = PublicKey::from_bytes(bytes(RFC_8032[0][1]));
    assert_eq!(key.id().to_string(), "21fe31dfa154a261");
    assert_eq!("21fe31dfa154a261".parse::<KeyId>().unwrap(), key.id());
    for wrong in [
        "",
        "21fe31dfa154a26",
        "21fe31dfa154a2611",
        "21FE31DFA154A261",
        "21fe31dfa154a26g",
    ] {
        assert!(wrong.parse::<KeyId>().is_err(), "{wrong}");
    }
}

#[test]
fn the_keys_of_rfc_8410_are_read_in_both_versions() {
    let public = PublicKey::from_pem(RFC_8410_PUBLIC).unwrap();
    for private in RFC_8410_PRIVATE {
        let key = SigningKey::from_pem(private).unwrap();
        assert_eq!(key.public(), public);
        assert!(public.verifies(b"x", &key.sign(b"x").signature));
    }
    assert_eq!(public.to_pem(), RFC_8410_PUBLIC);
    let key = SigningKey::from_pem(RFC_8410_PRIVATE[0]).unwrap();
    assert_eq!(key.to_pem().unwrap(), RFC_8410_PRIVATE[0]);
}

#[test]
fn a_key_of_version_2_whose_halves_do_not_fit_is_refused() {
    let torn = RFC_8410_PRIVATE[1].replace("Z9w7", "Z9w8");
    assert!(SigningKey::from_pem(&torn).is_err());
}

#[test]
fn a_public_key_is_read_from_pem_and_base64_as_printed() {
    let key = SigningKey::from_seed(&[7; 32]).unwrap().public();
    assert_eq!(PublicKey::from_pem(&key.to_pem()).unwrap(), key);
    let windows = key.to_pem().replace('\n', "\r\n");
    assert_eq!(PublicKey::from_pem(&windows).unwrap(), key);
    let raw = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n";
    let first = PublicKey::from_bytes(bytes(RFC_8032[0][1]));
    assert_eq!(PublicKey::from_base64(raw).unwrap(), first);
}

#[test]
fn what_is_no_public_key_is_refused() {
    // An X25519 key: the same form, another algorithm.
    let exchange = RFC_8410_PUBLIC.replace("K2Vw", "K2Vu");
    let cut = RFC_8410_PUBLIC.replace("ZuE=", "");
    let twice = RFC_8410_PUBLIC.repeat(2);
    let open = RFC_8410_PUBLIC.replace("-----END PUBLIC KEY-----", "");
    for wrong in ["", "no key", &exchange, &cut, &twice, &open] {
        let read = PublicKey::from_pem(wrong);
        assert!(matches!(read, Err(SealError::Unreadable(_))), "{wrong}");
    }
    for wrong in [
        "",
        "11qYAYKxCrfVS/7TyWQHOg==",
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    ] {
        assert!(PublicKey::from_base64(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_private_key_is_not_taken_for_a_public_one() {
    let read = PublicKey::from_pem(RFC_8410_PRIVATE[0]);
    assert!(matches!(read, Err(SealError::Private)));
}

#[test]
fn a_private_key_is_not_printed_for_debugging() {
    let key = SigningKey::from_seed(&[7; 32]).unwrap();
    let expected = format!("SigningKey({})", key.public().id());
    assert_eq!(format!("{key:?}"), expected);
}

#[test]
fn two_made_keys_differ() {
    let keys = [
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    ];
    assert_ne!(keys[0].public(), keys[1].public());
}
