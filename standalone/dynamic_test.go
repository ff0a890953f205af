package main

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"

	"godwit/internal/id"
	"godwit/workflows"
)

func TestTheIDsOfAFullBatchAreASearchAttribute(t *testing.T) {
	ids := make([]string, workflows.MaxBatch)
	for i := range ids {
		ids[i] = id.New(id.Delivery)
	}
	value, err := json.Marshal(ids)
	require.NoError(t, err)
	limit := dynamicSettings()[dynamicconfig.SearchAttributesSizeOfValueLimit.Key()]
	require.Less(t, len(value), limit)
}

func TestSettings_LookForNamespacesLessOftenAfterTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		every := dynamicconfig.NamespaceCacheRefreshInterval.Get(dynamicconfig.NewCollection(newSettings(), log.NewNoopLogger()))
		require.Equal(t, namespacesAtStart, every())
		<-time.After(starting)
		require.Equal(t, namespacesLater, every())
	})
}
