package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/localpg"
)

// operate is docs/operate.md.
func operate(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/operate.md")
	require.NoError(t, err)
	return string(text)
}

// shell runs the command of the guide that begins with a word, in dir.
func shell(t *testing.T, program, dir, databaseURL string) {
	t.Helper()
	command := regexp.MustCompile("(?s)```sh\n(" + program + " .*?)\n```").FindStringSubmatch(operate(t))
	require.NotNil(t, command, program)
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", command[1])
	cmd.Dir = dir
	path, err := localpg.Program(t.Context(), program)
	require.NoError(t, err)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(path)+":"+os.Getenv("PATH"), "GODWIT_DATABASE_URL="+databaseURL)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s: %s", command[1], out)
}

// TestOperate_ABackupGoesOnWithAnEmptyTemporal restores a database in which a delivery
// waits for its next attempt, beside a Temporal that knows nothing of it.
func TestOperate_ABackupGoesOnWithAnEmptyTemporal(t *testing.T) {
	s, dir := sharedStack(t), t.TempDir()
	database := s.migrated(t)
	env := serveEnv(t, database, s.temporal(), "backup")
	env["GODWIT_RETRY_SCHEDULE"] = "1h,1h,1h,1h"
	before := startServe(t, env)
	c := newStage(t, before)
	r := newReceiver(t, func(n int, _ request) int { return map[bool]int{true: 500, false: 200}[n == 1] })
	c.webhook(t, r.URL, nil)
	event := c.post(t)
	id := c.delivery(t, event, status("retrying"))["id"].(string)
	shell(t, "pg_dump", dir, database)
	before.stop(t)

	restored := s.database(t)
	shell(t, "pg_restore", dir, restored)
	env["GODWIT_DATABASE_URL"], env["GODWIT_TEMPORAL_NAMESPACE"] = restored, "restored"
	c.base = startServe(t, env).url()
	require.Equal(t, http.StatusAccepted, c.send(t, http.MethodPost, "/v1/deliveries/"+id+"/retry-now", nil).status)
	got := c.delivery(t, event, status("succeeded"))
	require.Len(t, got["attempts"], 2, "the first one was made before the backup")
	require.Equal(t, id, got["id"])
	c.delivery(t, c.post(t), status("succeeded"))
}

// TestOperate_WorksBehindNginx has nginx run with the configuration of the guide.
func TestOperate_WorksBehindNginx(t *testing.T) {
	s, dir := sharedStack(t), t.TempDir()
	front := freePorts(t, 1)[0]
	env := serveEnv(t, s.migrated(t), s.temporal(), "nginx")
	env["GODWIT_PUBLIC_URL"], env["GODWIT_TRUSTED_PROXIES"] = "http://"+front, "127.0.0.0/8"
	p := startServe(t, env)
	site := regexp.MustCompile("(?s)```nginx\n(.*?)```").FindStringSubmatch(operate(t))[1]
	site = strings.NewReplacer("127.0.0.1:8080", strings.TrimPrefix(p.url(), "http://"), "127.0.0.1:8443", front).Replace(site)
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		site = kind + "_temp_path " + filepath.Join(dir, kind) + ";\n" + site
	}
	conf := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(conf, []byte("daemon off;\nmaster_process off;\npid "+dir+"/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n"+site+"\n}\n"), 0o600))
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		nginx = "/usr/sbin/nginx" // Debian's place, which is not on everybody's PATH
	}
	proxy := run(t, exec.Command(nginx, "-c", conf, "-p", dir), nil)
	t.Cleanup(func() { _ = proxy.cmd.Process.Kill(); <-proxy.exited })
	eventually(t, func() (bool, string) { return reachable("http://" + front), proxy.output.String() })

	c := newStage(t, p)
	c.base = "http://" + front
	r := newReceiver(t, nil)
	c.webhook(t, r.URL, nil)
	c.delivery(t, c.post(t), status("succeeded"))
	var events []any
	for range 12 { // 2.4 MB: nginx takes 1 MB unless it is told otherwise
		events = append(events, map[string]any{"type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"text": strings.Repeat("x", 200_000)}})
	}
	batch, err := json.Marshal(map[string]any{"events": events})
	require.NoError(t, err)
	got := c.send(t, http.MethodPost, "/v1/events/batch", bytes.Clone(batch))
	require.Equal(t, http.StatusAccepted, got.status, string(got.raw))
	require.NotContains(t, p.output.String(), "is not believed")
}
