package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/localpg"
)

// settings gives the server settings of the n-th such block of docs/operate.md, with
// the archive in dir.
func settings(t *testing.T, n int, dir string) string {
	t.Helper()
	blocks := regexp.MustCompile("(?s)```ini\n(.*?)```").FindAllStringSubmatch(operate(t), -1)
	require.Len(t, blocks, 2, "archiving, and recovery")
	return strings.ReplaceAll(blocks[n][1], "/var/backups/godwit", dir)
}

// archiving starts a Postgres that archives what it writes into dir.
func archiving(t *testing.T, cluster, dir string) *localpg.Server {
	t.Helper()
	set := map[string]string{"wal_level": "replica", "max_wal_senders": "2", "hot_standby": "off"}
	for _, m := range regexp.MustCompile(`(?m)^(archive_\w+) = '?(.*?)'?$`).FindAllStringSubmatch(settings(t, 0, dir), -1) {
		set[m[1]] = m[2]
	}
	pg, err := localpg.Start(t.Context(), localpg.Options{Dir: cluster, Settings: set, Stock: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = pg.Stop(context.Background()) })
	return pg
}

// archived waits until all that the server wrote so far is in the archive.
func archived(t *testing.T, url string) {
	t.Helper()
	segment := query(t, url, "SELECT ('x' || right(pg_walfile_name(pg_switch_wal()), 8))::bit(32)::int")
	eventually(t, func() (bool, string) {
		got := query(t, url, "SELECT coalesce(max(('x' || right(last_archived_wal, 8))::bit(32)::int), 0) FROM pg_stat_archiver WHERE last_archived_wal ~ '^[0-9A-F]{24}$'")
		return got >= segment, fmt.Sprintf("%d of %d", got, segment)
	})
}

// TestOperate_AClusterComesBackAsItWasAtAMoment restores a base backup and the archive
// to a moment, with a delivery under way that came after the base backup.
func TestOperate_AClusterComesBackAsItWasAtAMoment(t *testing.T) {
	t.Parallel()
	s, dir := sharedStack(t), t.TempDir()
	archive, err := os.MkdirTemp("", "godwit-archive-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(archive) })
	require.NoError(t, os.Chmod(archive, 0o777)) // it is the server's user who writes
	cluster := filepath.Join(dir, "cluster")
	pg := archiving(t, cluster, archive)
	require.NoError(t, pg.EnsureDatabase(t.Context(), "godwit"))
	url := pg.URL("godwit")
	_, code := runCommand(t, map[string]string{"GODWIT_DATABASE_URL": url}, "migrate", "up")
	require.Zero(t, code)
	env := serveEnv(t, url, s.temporal(), "archiving")
	env["GODWIT_RETRY_SCHEDULE"] = "1h,1h,1h,1h"
	before := startServe(t, env)
	c := newStage(t, before)
	r := newReceiver(t, func(n int, _ request) int { return map[bool]int{true: 200, false: 500}[n == 1 || n > 3] })
	c.webhook(t, r.URL, nil)
	arrived := c.post(t)
	c.delivery(t, arrived, status("succeeded"))
	shell(t, "pg_basebackup", dir, url)
	waits := c.post(t)
	id := c.delivery(t, waits, status("retrying"))["id"].(string)
	moment := time.UnixMicro(int64(query(t, url, "SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint")))
	after := c.post(t)
	c.delivery(t, after, status("retrying"))
	archived(t, url)
	before.stop(t)
	require.NoError(t, pg.Stop(t.Context()))

	data := filepath.Join(cluster, "data")
	require.NoError(t, os.RemoveAll(data))
	require.NoError(t, os.Rename(filepath.Join(dir, "base"), data))
	require.NoError(t, os.WriteFile(filepath.Join(data, "recovery.signal"), nil, 0o600))
	recovery := regexp.MustCompile(`(recovery_target_time = )'.*'`).ReplaceAllString(settings(t, 1, archive), "${1}'"+moment.UTC().Format("2006-01-02 15:04:05.999999")+"+00'")
	require.NoError(t, os.WriteFile(filepath.Join(data, "postgresql.auto.conf"), []byte(recovery), 0o600))
	env["GODWIT_DATABASE_URL"], env["GODWIT_TEMPORAL_NAMESPACE"] = archiving(t, cluster, archive).URL("godwit"), "moment"
	c.base = startServe(t, env).url()

	require.Equal(t, "succeeded", c.delivery(t, arrived, status("succeeded"))["status"])
	require.Equal(t, http.StatusNotFound, c.send(t, http.MethodGet, "/v1/events/"+after, nil).status, "it came after the moment")
	require.Equal(t, http.StatusAccepted, c.send(t, http.MethodPost, "/v1/deliveries/"+id+"/retry-now", nil).status)
	require.Len(t, c.delivery(t, waits, status("succeeded"))["attempts"], 2, "the first one was made before the moment")
	again := map[string]any{"id": after, "type": "TODO_CREATED", "project_id": c.prefix + "p", "current": map[string]any{"id": "r1"}}
	require.Equal(t, false, c.send(t, http.MethodPost, "/v1/events", again).json(t, http.StatusAccepted)["duplicate"], "its producer may send it again")
	c.delivery(t, after, status("succeeded"))
}
