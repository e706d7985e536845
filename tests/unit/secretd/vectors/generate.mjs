// Makes random.txt: 300 cases in which two independent implementations of each algorithm agree. The tests read the file
// and need no node.
//
//   npm install bip39 @scure/bip39 ed25519-hd-key micro-key-producer bip32 @scure/bip32 tiny-secp256k1
//   node generate.mjs > random.txt          (in a directory that has these node_modules)
import assert from 'node:assert';
import crypto from 'node:crypto';
import * as bip39 from 'bip39';
import * as scure39 from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import * as ed25519 from 'ed25519-hd-key';
import { HDKey as Slip10 } from 'micro-key-producer/slip10.js';
import { BIP32Factory } from 'bip32';
import * as ecc from 'tiny-secp256k1';
import { HDKey } from '@scure/bip32';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const below = (limit) => crypto.randomInt(limit);
const same = (a, b) => { assert.strictEqual(hex(a), hex(b)); return hex(a); };
const bip32 = BIP32Factory(ecc);

// Letters whose NFKD differs from how they are typed, beside ones that stay.
const letters = [...'abcXYZ 0189!~|', 'é', 'Å', 'ﬁ', '①', 'Ｗ', 'ñ', '한', 'が', 'ß', 'ﷺ', '€', '😀', '\u0323\u0307', '\u3000', '½'];
const text = (longest) => Array.from({ length: below(longest + 1) }, () => letters[below(letters.length)]).join('');
const part = (mark) => `${crypto.randomBytes(4).readUInt32BE() & 0x7fffffff}${mark}`;
const path = (marks) => ['m', ...Array.from({ length: below(7) }, () => part(marks[below(marks.length)]))].join('/');

function one() {
  const entropy = crypto.randomBytes(16 + 4 * below(5));
  const words = bip39.entropyToMnemonic(entropy);
  assert.strictEqual(words, scure39.entropyToMnemonic(entropy, wordlist));
  const passphrase = text(20);
  const seed = bip39.mnemonicToSeedSync(words, passphrase);
  same(seed, scure39.mnemonicToSeedSync(words, passphrase));

  const hard = path(["'"]);
  const edwards = hard === 'm' ? ed25519.getMasterKeyFromSeed(hex(seed)) : ed25519.derivePath(hard, hex(seed));
  const other = Slip10.fromMasterSeed(seed).derive(hard);
  const any = path(["'", '']);
  const master = bip32.fromSeed(seed);
  const koblitz = any === 'm' ? master : master.derivePath(any);
  const scure = HDKey.fromMasterSeed(seed).derive(any);

  const plain = text(60);
  const [key, nonce] = [crypto.randomBytes(32), crypto.randomBytes(12)];
  const cipher = crypto.createCipheriv('aes-256-gcm', key, nonce);
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return [
    hex(entropy), words, hex(Buffer.from(passphrase)), hex(seed),
    hard, same(edwards.chainCode, other.chainCode), same(edwards.key, other.privateKey),
    same(ed25519.getPublicKey(edwards.key, false), other.publicKeyRaw),
    any, same(koblitz.chainCode, scure.chainCode), same(koblitz.privateKey, scure.privateKey),
    same(koblitz.publicKey, scure.publicKey),
    hex(key), hex(nonce), hex(Buffer.from(plain)), hex(sealed),
  ].join('|');
}

console.log('# Made by generate.mjs: entropy, words, passphrase, seed; path, chain code, private, public by SLIP-0010; the same');
console.log('# by BIP-0032; key, nonce, plaintext and ciphertext with tag of AES-256-GCM. Bytes in hex.');
for (let i = 0; i < 300; ++i) console.log(one());
