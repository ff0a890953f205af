package main

import (
	"time"

	"go.temporal.io/server/common/dynamicconfig"
)

// How late a namespace that was just registered is seen by all of the server, as it
// starts and later: each look takes a statement.
const (
	namespacesAtStart = 250 * time.Millisecond
	namespacesLater   = time.Second
	// starting is how long the start takes at most, with a namespace to be made.
	starting = time.Minute
)

// settings are dynamicSettings, but for what changes with time.
type settings struct {
	dynamicconfig.StaticClient
	began time.Time
}

func newSettings() settings { return settings{dynamicSettings(), time.Now()} }

// GetValue gives the value of a setting.
func (s settings) GetValue(key dynamicconfig.Key) []dynamicconfig.ConstrainedValue {
	if key == dynamicconfig.NamespaceCacheRefreshInterval.Key() && time.Since(s.began) < starting {
		return []dynamicconfig.ConstrainedValue{{Value: namespacesAtStart}}
	}
	return s.StaticClient.GetValue(key)
}

// dynamicSettings tune the embedded server for one machine and one tenant.
func dynamicSettings() dynamicconfig.StaticClient {
	// The defaults protect a shared cluster and bind long before this machine
	// does; here nobody else is to be protected.
	const unbounded = 1_000_000
	return dynamicconfig.StaticClient{
		dynamicconfig.FrontendRPS.Key():                                  unbounded,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():           unbounded,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): unbounded,
		dynamicconfig.FrontendPersistenceMaxQPS.Key():                    unbounded,
		dynamicconfig.HistoryRPS.Key():                                   unbounded,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():                     unbounded,
		dynamicconfig.MatchingRPS.Key():                                  unbounded,
		dynamicconfig.MatchingPersistenceMaxQPS.Key():                    unbounded,
		dynamicconfig.WorkerPersistenceMaxQPS.Key():                      unbounded,
		dynamicconfig.VisibilityPersistenceMaxReadQPS.Key():              unbounded,
		dynamicconfig.VisibilityPersistenceMaxWriteQPS.Key():             unbounded,

		// The worker shares the process: it gets the first task with the start's answer.
		dynamicconfig.EnableEagerWorkflowStart.Key(): true,
		// The ids of the deliveries that share a workflow are one value.
		dynamicconfig.SearchAttributesSizeOfValueLimit.Key(): 8 << 10,
		// Under load what is to be shown is written this often a second by each shard,
		// all that has come in the meantime. A workflow that is over by then is written once.
		dynamicconfig.VisibilityProcessorMaxPollRPS.Key(): 2,
		dynamicconfig.VisibilityTaskBatchSize.Key():       1000,
		dynamicconfig.NamespaceCacheRefreshInterval.Key(): namespacesLater,
		// One matching host: more partitions only forward to one another, and
		// fairness and priority are exact within one.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
		// Tasks that wait for a worker have turns by their owner, which is their fairness key.
		dynamicconfig.MatchingEnableFairness.Key(): true,

		// Small caches: what they miss is in the same machine's Postgres. A cached
		// workflow takes about 30 KB; the limit by size counts a tenth of that.
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key():     2000,
		dynamicconfig.EnableHostLevelEventsCache.Key():       true,
		dynamicconfig.EventsHostLevelCacheMaxSizeBytes.Key(): 16 << 20,
		dynamicconfig.XDCCacheMaxSizeBytes.Key():             1 << 16, // for replication, of which there is none

		// Temporal's own workers have next to nothing to do.
		dynamicconfig.WorkerScannerMaxConcurrentActivityTaskPollers.Key():     2,
		dynamicconfig.WorkerScannerMaxConcurrentWorkflowTaskPollers.Key():     2,
		dynamicconfig.WorkerParentCloseMaxConcurrentActivityTaskPollers.Key(): 2,
		dynamicconfig.WorkerParentCloseMaxConcurrentWorkflowTaskPollers.Key(): 2,
		dynamicconfig.WorkerStickyCacheSize.Key():                             100,
	}
}
