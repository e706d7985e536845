#include "alknet-secretd/derivation.hpp"
#include "alknet-secretd/encrypted_data.hpp"
#include "alknet-secretd/mnemonic.hpp"
#include "alknet-secretd/password.hpp"
#include "vectors.hpp"

#include <sodium.h>

namespace alk::secretd::derivation_test {
namespace {

using testing::abandon;
using testing::hex;
using testing::make_arena;
using testing::unhex;
using testing::vectors;

class Derivation : public ::testing::Test {
 protected:
  static Path path(std::string_view text) {
    auto path = parse_path(text);
    EXPECT_TRUE(path) << text;
    return path ? *path : Path();
  }
  LockedBytes seed(std::string_view words, std::string_view passphrase) {
    auto good = canonical_mnemonic(*arena_, words);
    auto seed = good ? seed_of(*arena_, *good, passphrase) : std::move(good);
    EXPECT_TRUE(seed);
    return seed ? std::move(*seed) : LockedBytes();
  }
  // "private public" of a path below an algorithm's branch.
  std::string edwards(const LockedBytes& seed, std::string_view text) {
    auto key = derive_slip10(*arena_, seed.bytes(), path(text));
    auto point = ed25519_public(*arena_, key->private_key());
    return hex(key->private_key()) + " " + hex_encode(*point);
  }
  std::unique_ptr<Arena> arena_ = make_arena();
};

TEST_F(Derivation, Slip10Vectors) {
  auto rows = vectors("slip10.txt");
  ASSERT_EQ(rows.size(), 12u);
  for (const auto& row : rows) {
    auto key = derive_slip10(*arena_, as_bytes(unhex(row[0])), path(row[1]));
    ASSERT_TRUE(key) << row[1];
    EXPECT_EQ(hex(key->chain_code()), row[2]);
    EXPECT_EQ(hex(key->private_key()), row[3]);
    EXPECT_EQ(hex_encode(*ed25519_public(*arena_, key->private_key())), row[4]);
  }
}

TEST_F(Derivation, Bip32Vectors) {
  auto rows = vectors("bip32.txt");
  ASSERT_EQ(rows.size(), 17u);
  for (const auto& row : rows) {
    auto key = derive_bip32(*arena_, as_bytes(unhex(row[0])), path(row[1]));
    ASSERT_TRUE(key) << row[1];
    EXPECT_EQ(hex(key->chain_code()), row[2]);
    EXPECT_EQ(hex(key->private_key()), row[3]);
    EXPECT_EQ(hex_encode(*secp256k1_public(key->private_key())), row[4]);
  }
}

TEST_F(Derivation, RandomCasesOfOtherImplementations) {
  auto rows = vectors("random.txt");
  ASSERT_EQ(rows.size(), 300u);
  for (const auto& row : rows) {
    auto words = mnemonic_from_entropy(*arena_, as_bytes(unhex(row[0])));
    ASSERT_TRUE(words);
    EXPECT_EQ(words->view(), row[1]);
    LockedBytes root = seed(row[1], unhex(row[2]));
    EXPECT_EQ(hex(root.bytes()), row[3]);
    auto slip10 = derive_slip10(*arena_, root.bytes(), path(row[4]));
    ASSERT_TRUE(slip10);
    EXPECT_EQ(hex(slip10->chain_code()), row[5]);
    EXPECT_EQ(hex(slip10->private_key()), row[6]);
    EXPECT_EQ(hex_encode(*ed25519_public(*arena_, slip10->private_key())), row[7]);
    auto bip32 = derive_bip32(*arena_, root.bytes(), path(row[8]));
    ASSERT_TRUE(bip32);
    EXPECT_EQ(hex(bip32->chain_code()), row[9]);
    EXPECT_EQ(hex(bip32->private_key()), row[10]);
    EXPECT_EQ(hex_encode(*secp256k1_public(bip32->private_key())), row[11]);
    const std::string key = unhex(row[12]), nonce = unhex(row[13]), plain = unhex(row[14]);
    EXPECT_EQ(hex_encode(*gcm_seal(as_bytes(key), nonce, as_bytes(plain))), row[15]);
    EXPECT_EQ(gcm_open(*arena_, as_bytes(key), nonce, unhex(row[15]))->view(), plain);
  }
  EXPECT_EQ(arena_->used(), 0u);
}

TEST_F(Derivation, OurOwnPaths) {
  LockedBytes root = seed(abandon, "");
  EXPECT_EQ(edwards(root, "m/74'/0'/0'/0'"),
            "603aa5c626317fda4afd87b902e5c9de76c33f40834005245e1c5a675e92d700 "
            "e78c2766a792f09bfccb51493968ac322283e8d021a30063784d806929762ecc");
  EXPECT_EQ(edwards(root, "m/74'/0'/0'/1'"),
            "550f05587732eeb6bd0de879f77b89e3593a655733f794be9a05dad90c3a1d24 "
            "733961f7573657324f22e91f06ea4f0b359e2efa0ccffc954616dadee7444daa");
  EXPECT_EQ(edwards(root, "m/74'/0'/1'/0'"),
            "be2dfaff0d268c833fd9c653b9bd352cef3ec2b211db804211c9f912b63dc3ab "
            "6a9dd5c41915fba6cc22b8760263aba45b068cae7bead1d069c7b8eeb0118134");
  EXPECT_EQ(hex(derive_slip10(*arena_, root.bytes(), *encryption_path(2))->private_key()),
            "fbed5fa9110df4214baa259a4cd6bd3902373231472d317b8f3686b1d63df17a");
  EXPECT_EQ(hex(derive_slip10(*arena_, root.bytes(), *encryption_path(3))->private_key()),
            "3ddaf7a4485d755c959c883347420fdc9fa2a64fb1edae8a5f312e82c210f0f0");
  auto ethereum = derive_bip32(*arena_, root.bytes(), path("m/44'/60'/0'/0/0"));
  EXPECT_EQ(hex(ethereum->private_key()), "1ab42cc412b618bdea3a599e3c9bae199ebf030895b039e9db1e30dafb12b727");
  EXPECT_EQ(hex_encode(*secp256k1_public(ethereum->private_key())),
            "0237b0bb7a8288d38ed49a524b5dc98cff3eb5ca824c9f9dc0dfdb3d9cd600f299");
  EXPECT_EQ(edwards(seed(abandon, "TREZOR"), "m/74'/0'/0'/0'"),
            "ea060192febfe86e881bb4bbcb85512611ea9e74338c5ec6b3e2bc1d54e17b5a "
            "51d5edf75f95a8457f4877803cf7bf72fdafe60b5da3190f91a3d9e5f9c7d96a");
}

TEST_F(Derivation, APasswordIsTheWholeLastStep) {
  LockedBytes root = seed(abandon, "");
  const Path site = path("m/74'/1'/0'/595175158'"); // example.com
  auto whole = derive_password(*arena_, root.bytes(), site, 64);
  ASSERT_TRUE(whole);
  EXPECT_EQ(hex(whole->bytes()), "08ef920a3e507ba3b8ea75da5ca8c73d1fde029e28519ab6208e717020035a13"
                                 "07df20a357de68288f7b31e4282a0b10e65506125574b9ac4752506c399a9587");
  auto part = derive_password(*arena_, root.bytes(), site, 24);
  EXPECT_EQ(base64url_encode(part->view()), "CO-SCj5Qe6O46nXaXKjHPR_eAp4oUZq2");
  EXPECT_EQ(derive_password(*arena_, root.bytes(), site, 0).error().kind, Kind::Invalid);
  EXPECT_EQ(derive_password(*arena_, root.bytes(), site, 65).error().kind, Kind::Invalid);
  EXPECT_EQ(derive_password(*arena_, root.bytes(), path("m/74'/0'/0'/0'"), 8).error().kind, Kind::Invalid);
}

TEST_F(Derivation, Ed25519HasNoPlainChildren) {
  EXPECT_EQ(derive_slip10(*arena_, as_bytes("0123456789abcdef"), path("m/0'/1")).error().kind, Kind::Invalid);
}

// NIST's AES-256 cases of the GCM submission without additional data (13 to 15), and the one of services'
// table.
TEST_F(Derivation, PublishedGcmCases) {
  struct Case {
    const char *key, *nonce, *plain, *sealed;
  };
  const std::string zero_key(64, '0'), zero_nonce(24, '0'), zero_block(32, '0');
  const Case cases[] = {
      {zero_key.c_str(), zero_nonce.c_str(), "", "530f8afbc74536b9a963b4f1c4cb738b"},
      {zero_key.c_str(), zero_nonce.c_str(), zero_block.c_str(),
       "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
      {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
       "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
       "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
       "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
       "b094dac5d93471bdec1a502270e3cc6c"},
  };
  for (const Case& one : cases) {
    const std::string key = unhex(one.key), nonce = unhex(one.nonce), plain = unhex(one.plain);
    auto sealed = gcm_seal(as_bytes(key), nonce, as_bytes(plain));
    ASSERT_TRUE(sealed);
    EXPECT_EQ(hex_encode(*sealed), one.sealed);
    EXPECT_EQ(gcm_open(*arena_, as_bytes(key), nonce, *sealed)->view(), plain);
  }
}

} // namespace
} // namespace alk::secretd::derivation_test
