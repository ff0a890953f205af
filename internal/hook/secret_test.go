package hook

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRotationKeepsEachOldSecretUntilItsOwnEnd(t *testing.T) {
	start := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	w := Webhook{Secret: "a"}
	require.Equal(t, []string{"a"}, w.Secrets(start))
	require.NoError(t, w.Rotate("b", 10*time.Hour, at(0)))
	require.NoError(t, w.Rotate("c", time.Hour, at(1)))
	for _, tt := range []struct {
		at   time.Time
		want []string
	}{
		{at(1), []string{"c", "b", "a"}},
		{at(2).Add(-1), []string{"c", "b", "a"}},
		{at(2), []string{"c", "a"}},
		{at(10).Add(-1), []string{"c", "a"}},
		{at(10), []string{"c"}},
	} {
		require.Equal(t, tt.want, w.Secrets(tt.at), tt.at)
	}
	// What has expired is gone with the next rotation.
	require.NoError(t, w.Rotate("d", time.Hour, at(3)))
	require.Equal(t, []OldSecret{{"c", at(4)}, {"a", at(10)}}, w.OldSecrets)
	// No overlap ends all at once.
	require.NoError(t, w.Rotate("e", 0, at(3)))
	require.Equal(t, []string{"e"}, w.Secrets(at(3)))
}

func TestOldSecretsAreBounded(t *testing.T) {
	start := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	w := Webhook{Secret: "s"}
	for i := range MaxOldSecrets {
		require.NoError(t, w.Rotate("s", time.Duration(MaxOldSecrets-i)*time.Hour, start))
	}
	before := w
	err := w.Rotate("new", time.Hour, start)
	require.Equal(t, CodeConflict, CodeOf(err))
	require.ErrorContains(t, err, "2026-05-04T10:30:00Z", "when there is room again")
	require.ErrorContains(t, err, "overlap_seconds 0")
	require.Equal(t, before, w, "nothing is changed")
	require.NoError(t, w.Rotate("new", time.Hour, start.Add(time.Hour)))
	require.NoError(t, w.Rotate("newer", 0, start.Add(time.Hour)))
	require.Equal(t, []string{"newer"}, w.Secrets(start.Add(time.Hour)))
}

func TestPublicKeyOfWhatHasNone(t *testing.T) {
	for _, secret := range []string{"", "whsec_c2VjcmV0", "whsk_", "whsk_%", "whsk_AAEC", "AAEC"} {
		require.Empty(t, PublicKey(secret), secret)
	}
}

func TestCheckSecret_TakesWhatStandardWebhooksAsksFor(t *testing.T) {
	of := func(n int) string { return SecretPrefix + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for _, n := range []int{24, 25, 26, 32, 64} {
		require.Empty(t, CheckSecret(of(n), HMACSHA256), n)
	}
	for name, secret := range map[string]string{
		"short": of(23), "long": of(65), "no prefix": of(32)[len(SecretPrefix):], "another prefix": "whsk_" + of(32)[len(SecretPrefix):],
		"nothing": SecretPrefix, "no padding": strings.TrimRight(of(32), "="), "a line break": of(32) + "\n",
		"for URLs": SecretPrefix + strings.Repeat("-_8A", 8), "bits after the end": of(32)[:len(of(32))-2] + "B=",
	} {
		require.Contains(t, CheckSecret(secret, HMACSHA256)[0].Detail, "24 to 64 bytes", name)
	}
	require.Contains(t, CheckSecret(of(32), Ed25519)[0].Detail, "leave it out")
}
