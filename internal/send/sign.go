package send

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"godwit/internal/hook"
)

// secretBytes is the size of a new secret; Standard Webhooks asks for 24 to 64.
const secretBytes = 32

// errSecret says that a signing secret is missing or is not one. It doesn't
// hold the secret.
var errSecret = errors.New("signing secret is neither whsec_<base64> nor whsk_<base64>")

// NewSecret makes a signing secret: whsec_ and 32 random bytes in base64, or
// whsk_ and a new private key.
func NewSecret(scheme hook.Signature) string {
	var seed [secretBytes]byte
	_, _ = rand.Read(seed[:]) // never fails: it ends the process instead (crypto/rand)
	if scheme == hook.Ed25519 {
		return hook.PrivateKeyPrefix + base64.StdEncoding.EncodeToString(ed25519.NewKeyFromSeed(seed[:]))
	}
	return hook.SecretPrefix + base64.StdEncoding.EncodeToString(seed[:])
}

// signature holds the values of the headers that prove where a body is from.
type signature struct {
	timestamp string // webhook-timestamp: unix seconds
	standard  string // webhook-signature
	plain     string // X-Signature; "" where no secret can make one
}

// sign signs body by Standard Webhooks with every secret, and as Blue does with
// the newest one that the receiver has too: X-Signature has room for one value.
func sign(secrets []string, id string, at time.Time, body []byte) (signature, error) {
	if len(secrets) == 0 {
		return signature{}, errSecret
	}
	s := signature{timestamp: strconv.FormatInt(at.Unix(), 10)}
	content := [][]byte{[]byte(id), []byte("."), []byte(s.timestamp), []byte("."), body}
	values := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := decodeSecret(secret)
		if err != nil {
			return signature{}, err
		}
		if hook.SignatureOf(secret) == hook.Ed25519 {
			values[i] = "v1a," + base64.StdEncoding.EncodeToString(ed25519.Sign(key, bytes.Join(content, nil)))
			continue
		}
		values[i] = "v1," + base64.StdEncoding.EncodeToString(digest(key, content...))
		if s.plain == "" {
			// Blue's key is the text of the secret, not what it decodes to.
			s.plain = hex.EncodeToString(digest([]byte(secret), body))
		}
	}
	s.standard = strings.Join(values, " ")
	return s, nil
}

func decodeSecret(secret string) ([]byte, error) {
	scheme := hook.SignatureOf(secret)
	prefix := hook.SecretPrefix
	if scheme == hook.Ed25519 {
		prefix = hook.PrivateKeyPrefix
	}
	encoded, ok := strings.CutPrefix(secret, prefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) == 0 || scheme == hook.Ed25519 && len(key) != ed25519.PrivateKeySize {
		return nil, errSecret
	}
	return key, nil
}

func digest(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}
