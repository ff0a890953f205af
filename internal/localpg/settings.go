package localpg

import (
	"maps"
	"slices"
	"strconv"
)

// needed are the settings of every cluster here.
func needed() map[string]string {
	return map[string]string{
		"unix_socket_directories": "",
		"max_connections":         "200",
		"log_min_messages":        "warning",
		"log_min_error_statement": "panic", // statements may hold payloads
		"timezone":                "UTC",
		"log_timezone":            "UTC",
	}
}

// tuned suits a small cluster that shares its machine. Durability is not
// among it: fsync and synchronous_commit keep their defaults, which are on.
func tuned() map[string]string {
	return map[string]string{
		"shared_buffers": "256MB",
		// Few checkpoints: each makes the next change of every page log the whole page.
		"max_wal_size":       "2GB",
		"min_wal_size":       "256MB",
		"checkpoint_timeout": "15min",
		// Statements are small and many; neither compiling nor splitting them pays.
		"jit":                             "off",
		"max_parallel_workers_per_gather": "0",
		"random_page_cost":                "1.1", // for an SSD
		// Queue-like tables turn over completely: clean up early and often.
		"autovacuum_naptime":              "15s",
		"autovacuum_vacuum_scale_factor":  "0.05",
		"autovacuum_analyze_scale_factor": "0.05",
		"max_wal_senders":                 "0", // nobody replicates a private cluster
		"wal_level":                       "minimal",
		"log_checkpoints":                 "off",
	}
}

// all are the settings that the options ask for.
func (o Options) all() map[string]string {
	all := needed()
	if !o.Stock {
		maps.Copy(all, tuned())
	}
	maps.Copy(all, o.Settings)
	return all
}

// arguments is the server's command line, in a stable order.
func arguments(name string, port int, settings map[string]string) []string {
	all := maps.Clone(settings)
	all["cluster_name"] = name
	all["listen_addresses"] = loopback
	all["port"] = strconv.Itoa(port)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "-c", name+"="+all[name])
	}
	return args
}
