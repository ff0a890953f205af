package eventschema_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/eventschema"
	"godwit/internal/hook"
)

// meeting is a source that answers when all have asked.
type meeting struct {
	catalogue
	all sync.WaitGroup
}

func (m *meeting) TypeSchemas(ctx context.Context, names []string) ([]hook.EventType, error) {
	m.all.Done()
	m.all.Wait()
	return m.catalogue.TypeSchemas(ctx, names)
}

// TestSchemas_ThatManyNeedAtOnceAreCompiledOnce: after a schema was changed all who
// publish need the new one at the same moment.
func TestSchemas_ThatManyNeedAtOnceAreCompiledOnce(t *testing.T) {
	const many = 32
	var m meeting
	m.put("A", `{"required":["x"]}`, 7)
	m.all.Add(many)
	s := eventschema.New(m.TypeSchemas)
	var compiled atomic.Int64
	s.CountCompiled(&compiled)
	var group sync.WaitGroup
	for range many {
		group.Go(func() {
			versions, faults, err := s.Check(context.Background(), []hook.Event{eventOf("A", `{"x":1}`)})
			if err != nil || faults[0] != nil || versions[0] != 7 {
				t.Error(versions, faults, err)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, compiled.Load())
}
