package send

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	secretPrefix = "whsec_"
	// secretBytes is the size of a new secret; Standard Webhooks asks for 24 to 64.
	secretBytes = 32
)

// errSecret says that a signing secret is missing or is not whsec_<base64>. It
// doesn't hold the secret.
var errSecret = errors.New("signing secret is not whsec_<base64>")

// NewSecret makes a signing secret: whsec_ and 32 random bytes in base64.
func NewSecret() string {
	var key [secretBytes]byte
	_, _ = rand.Read(key[:]) // never fails: it ends the process instead (crypto/rand)
	return secretPrefix + base64.StdEncoding.EncodeToString(key[:])
}

// signature holds the values of the headers that prove where a body is from.
type signature struct {
	timestamp string // webhook-timestamp: unix seconds
	standard  string // webhook-signature
	plain     string // X-Signature
}

// sign signs body by Standard Webhooks v1 with every secret, and as Blue does
// with the newest one, which is the first.
func sign(secrets []string, id string, at time.Time, body []byte) (signature, error) {
	if len(secrets) == 0 {
		return signature{}, errSecret
	}
	s := signature{timestamp: strconv.FormatInt(at.Unix(), 10)}
	values := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := decodeSecret(secret)
		if err != nil {
			return signature{}, err
		}
		mac := digest(key, []byte(id), []byte("."), []byte(s.timestamp), []byte("."), body)
		values[i] = "v1," + base64.StdEncoding.EncodeToString(mac)
	}
	s.standard = strings.Join(values, " ")
	// Blue's key is the text of the secret, not what it decodes to.
	s.plain = hex.EncodeToString(digest([]byte(secrets[0]), body))
	return s, nil
}

func decodeSecret(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, errSecret
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) == 0 {
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
