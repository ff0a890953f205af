package send

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
	"godwit/internal/id"
)

// TestPlay_IsTheOnlyPlaceOfTheOwnAPI: in development deliveries may go to the play
// receiver, and nowhere else at the API's address.
func TestPlay_IsTheOnlyPlaceOfTheOwnAPI(t *testing.T) {
	api, other := listen(t, say(emptyOK)), listen(t, say(emptyOK))
	_, port := hostPort(t, api.url)
	_, otherPort := hostPort(t, other.url)
	base := "http://" + net.JoinHostPort("127.0.0.1", port)
	address := id.New(id.Play)
	spared := func(o Options) *Sender {
		s := New(o)
		t.Cleanup(s.Close)
		s.SpareAPI(net.JoinHostPort("127.0.0.1", port))
		s.Spare(net.JoinHostPort("127.0.0.1", otherPort))
		return s
	}
	loopback := prefixes("127.0.0.0/8")
	s := spared(Options{EgressAllow: loopback, Play: "/base/play/"})
	for _, path := range []string{"/base/play/" + address, "/base/play/" + address + "?status=500&x=/v1/"} {
		require.NoError(t, s.CheckHost(base+path))
		require.Equal(t, hook.Success, attempt(t, s, message(base+path)).Outcome, path)
	}
	for _, path := range []string{"/", "/v1/session", "/base/play/", "/base/play/play_1", "/play/" + address, "/base/play/" + address + "/", "/base/play/" + address + "/../../../v1/session",
		"/base/play/..%2f" + address, "/base/play/%70lay_" + address[5:], "/v1/session?/base/play/" + address, "/v1/session#/base/play/" + address} {
		require.Error(t, s.CheckHost(base+path), path)
		require.Equal(t, hook.ReasonBlockedAddress, attempt(t, s, message(base+path)).Reason, path)
	}
	require.Equal(t, hook.ReasonBlockedAddress, attempt(t, s, message("http://127.0.0.1:"+otherPort+"/base/play/"+address)).Reason, "another service")
	for name, s := range map[string]*Sender{
		"outside development":     spared(Options{EgressAllow: loopback}),
		"loopback is not allowed": spared(Options{Play: "/base/play/"}),
	} {
		require.Error(t, s.CheckHost(base+"/base/play/"+address), name)
		require.Equal(t, hook.ReasonBlockedAddress, attempt(t, s, message(base+"/base/play/"+address)).Reason, name)
	}
}
