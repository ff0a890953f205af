package hook

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Signature names how a webhook's requests are signed. The values are part of
// the API.
type Signature string

// The two ways of signing, as Standard Webhooks has them.
const (
	// HMACSHA256 signs with a secret that the receiver has too ("v1").
	HMACSHA256 Signature = "hmac-sha256"
	// Ed25519 signs with a private key that never leaves Godwit; the receiver has
	// the public one ("v1a").
	Ed25519 Signature = "ed25519"
)

// Signatures lists the ways of signing, the default first.
var Signatures = []Signature{HMACSHA256, Ed25519}

// How secrets and keys begin; base64 follows. That of a private key holds its
// seed and its public key, 64 bytes.
const (
	SecretPrefix     = "whsec_"
	PrivateKeyPrefix = "whsk_"
	PublicKeyPrefix  = "whpk_"
)

// SignatureOf tells what a secret signs with.
func SignatureOf(secret string) Signature {
	if strings.HasPrefix(secret, PrivateKeyPrefix) {
		return Ed25519
	}
	return HMACSHA256
}

// PublicKey gives what a receiver checks the signatures of a private key with:
// whpk_<base64>. It is "" for what is no private key.
func PublicKey(secret string) string {
	encoded, ok := strings.CutPrefix(secret, PrivateKeyPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) != ed25519.PrivateKeySize {
		return ""
	}
	return PublicKeyPrefix + base64.StdEncoding.EncodeToString(key[ed25519.SeedSize:])
}

// MinSecretBytes and MaxSecretBytes bound the key of a secret that a caller has
// chosen, as Standard Webhooks has it.
const (
	MinSecretBytes = 24
	MaxSecretBytes = 64
)

// CheckSecret says what is wrong with a secret that a caller has chosen for this
// way of signing, if anything. It doesn't repeat the secret.
func CheckSecret(secret string, signature Signature) []Field {
	if signature == Ed25519 {
		return []Field{{Pointer: "/secret", Code: FieldNotAllowed, Detail: "can't be chosen for ed25519, whose private key never leaves Godwit; leave it out"}}
	}
	encoded, found := strings.CutPrefix(secret, SecretPrefix)
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !found || err != nil || len(key) < MinSecretBytes || len(key) > MaxSecretBytes || base64.StdEncoding.EncodedLen(len(key)) != len(encoded) {
		return []Field{{Pointer: "/secret", Code: FieldForm, Params: Params{"expected": "secret", "min": MinSecretBytes, "max": MaxSecretBytes}, Detail: fmt.Sprintf(`must be "%s" and %d to %d bytes in base64 with padding; "openssl rand -base64 32" makes them`, SecretPrefix, MinSecretBytes, MaxSecretBytes)}}
	}
	return nil
}

// MaxOldSecrets is how many secrets of a webhook may sign beside the newest.
const MaxOldSecrets = 5

// DefaultOverlap is how long an old secret signs on where nobody says.
const DefaultOverlap = 24 * time.Hour

// MaxOverlap is the longest that an old secret may sign on.
const MaxOverlap = 7 * 24 * time.Hour

// OldSecret is a secret that was replaced and signs on until it expires.
type OldSecret struct {
	Secret    string
	ExpiresAt time.Time
}

// Live gives those that have not expired at now, in the same order.
func Live(secrets []OldSecret, now time.Time) []OldSecret {
	var live []OldSecret
	for _, old := range secrets {
		if old.ExpiresAt.After(now) {
			live = append(live, old)
		}
	}
	return live
}

// Sendable says whether requests can be made: nothing that they need is
// unreadable.
func (w Webhook) Sendable() bool {
	return !slices.ContainsFunc(w.Unreadable, func(part string) bool { return part != "old_secrets" })
}

// Secrets gives the secrets that sign at now, the newest first.
func (w Webhook) Secrets(now time.Time) []string {
	secrets := []string{w.Secret}
	for _, old := range Live(w.OldSecrets, now) {
		secrets = append(secrets, old.Secret)
	}
	return secrets
}

// Rotate makes secret the newest one of w. The one that it replaces signs on for
// the overlap, those before until their own end; an overlap of 0 ends all of
// them. More than MaxOldSecrets at a time are CodeConflict.
func (w *Webhook) Rotate(secret string, overlap time.Duration, now time.Time) error {
	old := Live(w.OldSecrets, now)
	switch {
	case overlap <= 0 || w.Secret == "": // or it is unreadable
		old = nil
	case len(old) >= MaxOldSecrets:
		end := slices.MinFunc(old, func(a, b OldSecret) int { return a.ExpiresAt.Compare(b.ExpiresAt) }).ExpiresAt
		return &Error{Code: CodeConflict, From: end.UTC(), Message: fmt.Sprintf("%d earlier secrets still sign; the first of them ends at %s. Rotate again after that, or end all of them now by overlap_seconds 0 of rotate-secret.",
			len(old), end.UTC().Format(time.RFC3339))}
	default:
		old = append([]OldSecret{{w.Secret, now.Add(overlap).UTC()}}, old...)
	}
	w.Secret, w.OldSecrets = secret, old
	w.Replaced("secret", "old_secrets")
	return nil
}

// Replaced says that parts of the webhook that were perhaps unreadable are new.
func (w *Webhook) Replaced(parts ...string) {
	w.Unreadable = slices.DeleteFunc(slices.Clone(w.Unreadable), func(part string) bool { return slices.Contains(parts, part) })
}

// Unreadable are webhooks with something that no key opens.
type Unreadable struct {
	Total    int      // among those that were looked at
	Webhooks []string // ids of the first of them
}
