package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/dynamicconfig"

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
