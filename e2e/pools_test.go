package e2e_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var openConnections = regexp.MustCompile(`(?m)^go_sql_open_connections\{db_name="(\w+)"\} (\d+)$`)

// TestPools_EachRoleOpensOnlyWhatItUses: however many processes there are, none has
// connections for what others do.
func TestPools_EachRoleOpensOnlyWhatItUses(t *testing.T) {
	s := sharedStack(t)
	database, namespace := s.migrated(t), "pools"
	worker := startServe(t, serveEnv(t, database, s.temporal(), namespace), "--role", "worker")
	api := startServe(t, serveEnv(t, database, s.temporal(), namespace), "--role", "api")
	stage := newStage(t, api)
	r := newReceiver(t, func(int, request) int { return http.StatusOK })
	stage.webhook(t, r.URL, nil)
	stage.delivery(t, stage.post(t), status("succeeded"))
	require.Equal(t, []string{"changes", "intake", "quick", "reads"}, opened(t, api))
	require.Equal(t, []string{"attempts", "quick"}, opened(t, worker))
}

// opened lists the purposes that a process has connections for, beside housekeeping.
func opened(t *testing.T, p *process) (purposes []string) {
	all := openConnections.FindAllStringSubmatch(metrics(t, p), -1)
	require.Len(t, all, 6)
	for _, found := range all { // in the order of their names
		if found[2] != "0" && found[1] != "housekeeping" {
			purposes = append(purposes, found[1])
		}
	}
	return purposes
}
