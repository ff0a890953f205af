package app_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"godwit/internal/app"
	"godwit/internal/config"
	"godwit/internal/pgtest"
)

// bouncer runs a PgBouncer before a database and gives the database's URL through
// it.
func bouncer(t *testing.T, databaseURL string, settings ...string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // where Debian puts it, and not on everybody's PATH
	}
	require.FileExists(t, program, "run scripts/setup first")
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	password, _ := u.User.Password()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	at := free.Addr().(*net.TCPAddr)
	require.NoError(t, free.Close())
	lines := append([]string{
		"[databases]",
		fmt.Sprintf("%s = host=%s port=%s user=%s password=%s", strings.TrimPrefix(u.Path, "/"), u.Hostname(), u.Port(), u.User.Username(), password),
		"[pgbouncer]", "listen_addr = 127.0.0.1", fmt.Sprintf("listen_port = %d", at.Port), "unix_socket_dir =", "auth_type = any", "default_pool_size = 40",
	}, settings...)
	dir, err := os.MkdirTemp("", "godwit-bouncer-") // one that another user may read
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	file := filepath.Join(dir, "pgbouncer.ini")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644))
	args := []string{file}
	if os.Getuid() == 0 {
		args = []string{"-u", "nobody", file}
	}
	var log bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", at.String())
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, time.Minute, 20*time.Millisecond)
	u.Host = at.String()
	return u.String()
}

// api builds a process of the role api on a database.
func api(t *testing.T, databaseURL string) (at app.Addresses, run func(context.Context) error) {
	t.Helper()
	at, run, err := app.BuildAll(config.Config{
		ListenAddr: "127.0.0.1:0", OpsAddr: "127.0.0.1:0", DatabaseURL: databaseURL, TemporalAddress: "127.0.0.1:1", TemporalNamespace: "none",
		AdminKey: bootstrap, EncryptionKeys: config.Keyring{bytes.Repeat([]byte{7}, 32)}, EgressAllow: loopback(t), AllowHTTP: true,
	}, zap.NewNop(), app.Options{Role: app.RoleAPI, Version: "test"})
	require.NoError(t, err)
	return at, run
}

func TestPooler_WithoutSessionsIsRefusedAtTheStart(t *testing.T) {
	for name, tc := range map[string]struct {
		settings []string
		query    string // of the URL, in addition
		says     string
	}{
		"transaction mode":             {[]string{"pool_mode = transaction"}, "", "pool_mode = session"},
		"transaction mode, in turns":   {[]string{"pool_mode = transaction", "server_round_robin = 1", "min_pool_size = 2"}, "", "pool_mode = session"},
		"transaction mode, one server": {[]string{"pool_mode = transaction", "default_pool_size = 1"}, "", "pool_mode = session"},
		"statement mode":               {[]string{"pool_mode = statement"}, "", "pool_mode = session"},
		"a setting in the URL":         {[]string{"pool_mode = session"}, "&lock_timeout=100", "unsupported startup parameter: lock_timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			through := bouncer(t, pgtest.URL(t), tc.settings...) + tc.query
			_, run := api(t, through)
			err := run(t.Context())
			require.ErrorContains(t, err, "GODWIT_DATABASE_URL")
			require.ErrorContains(t, err, tc.says)
			require.NotContains(t, err.Error(), "password")
			require.ErrorContains(t, app.Migrate(t.Context(), through, func(string) {}), tc.says)
		})
	}
}

func TestPooler_WithSessionsWorks(t *testing.T) {
	through := bouncer(t, pgtest.EmptyURL(t), "pool_mode = session")
	require.NoError(t, app.Migrate(t.Context(), through, func(string) {}))
	at, run := api(t, through)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-ended) })
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + at.Ops + "/readyz")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, time.Minute, 20*time.Millisecond)
	s := skewed{Addresses: at}
	s.must(t, "PUT", "/v1/companies/c", `{"name":"C"}`)
	s.must(t, "PUT", "/v1/projects/p", `{"company_id":"c","name":"P"}`)
	for range 50 {
		s.must(t, "POST", "/v1/events", `{"type":"TODO_CREATED","project_id":"p","current":{"id":"1"}}`)
	}
}
