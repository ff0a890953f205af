// Package seal encrypts secrets at rest with AES-256-GCM and a keyring. The
// first key of the ring encrypts; each of them decrypts, so that a key can be
// replaced without an outage. What a secret belongs to (table|row|field) is
// bound to it as additional data, so that a sealed value moved to another row
// does not open. It imports the standard library only.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
)

const (
	version     = 1
	keyIDLength = 4
)

// ErrUnknownKey means that the value was sealed with a key that is not in the ring.
var ErrUnknownKey = errors.New("sealed with a key that is not in GODWIT_ENCRYPTION_KEY")

// Ring seals and opens. It is safe for concurrent use.
type Ring struct {
	keys []key
}

type key struct {
	id   []byte
	aead cipher.AEAD
}

// New makes a ring of one or more keys of 32 bytes.
func New(keys [][]byte) (*Ring, error) {
	if len(keys) == 0 {
		return nil, errors.New("the keyring is empty: set GODWIT_ENCRYPTION_KEY")
	}
	r := &Ring{}
	for i, k := range keys {
		block, err := aes.NewCipher(k)
		if err != nil || len(k) != 32 {
			return nil, fmt.Errorf("key %d of the keyring has not 32 bytes", i+1)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("set up AES-GCM: %w", err)
		}
		sum := sha256.Sum256(k)
		r.keys = append(r.keys, key{sum[:keyIDLength], aead})
	}
	return r, nil
}

// Seal encrypts plain for one place, such as "webhooks|wh_1|secret".
// The form is: version (1 byte), key id (4), nonce (12), ciphertext and tag.
func (r *Ring) Seal(plain []byte, place string) []byte {
	return r.keys[0].aead.Seal(r.Head(), nil, plain, []byte(place))
}

// Head is how each value begins that the first key has sealed.
func (r *Ring) Head() []byte { return append([]byte{version}, r.keys[0].id...) }

// Heads are how values begin that one of the keys has sealed.
func (r *Ring) Heads() [][]byte {
	var heads [][]byte
	for _, k := range r.keys {
		heads = append(heads, append([]byte{version}, k.id...))
	}
	return heads
}

// Open decrypts what Seal made for the same place. The error is ErrUnknownKey
// when the key is missing, or says that the value was damaged or moved.
func (r *Ring) Open(sealed []byte, place string) ([]byte, error) {
	if len(sealed) < 1+keyIDLength || sealed[0] != version {
		return nil, errors.New("not a sealed value")
	}
	id, body := sealed[1:1+keyIDLength], sealed[1+keyIDLength:]
	for _, k := range r.keys {
		if !bytes.Equal(k.id, id) {
			continue
		}
		plain, err := k.aead.Open(nil, nil, body, []byte(place))
		if err != nil {
			return nil, fmt.Errorf("open the sealed value of %s: %w", place, err)
		}
		return plain, nil
	}
	return nil, ErrUnknownKey
}
