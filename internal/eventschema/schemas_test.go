package eventschema_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/eventschema"
	"godwit/internal/hook"
)

// catalogue is a source in memory that notes what it was asked.
type catalogue struct {
	mu    sync.Mutex
	types map[string]hook.EventType
	asked [][]string
	err   error
}

func (c *catalogue) TypeSchemas(_ context.Context, names []string) ([]hook.EventType, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, names)
	var out []hook.EventType
	for _, name := range names {
		if t, ok := c.types[name]; ok {
			out = append(out, t)
		}
	}
	return out, c.err
}

// put gives a type another schema; "" = none.
func (c *catalogue) put(name, schema string, version int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := hook.EventType{Name: name, SchemaVersion: version}
	if schema != "" {
		t.Schema = []byte(schema)
	}
	if c.types == nil {
		c.types = map[string]hook.EventType{}
	}
	c.types[name] = t
}

func (c *catalogue) questions() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.asked)
}

func eventOf(eventType, current string) hook.Event {
	return hook.Event{Type: eventType, Current: []byte(current)}
}

func check(t *testing.T, s *eventschema.Schemas, events ...hook.Event) ([]int64, []*hook.Error) {
	t.Helper()
	versions, faults, err := s.Check(context.Background(), events)
	require.NoError(t, err)
	require.Len(t, versions, len(events))
	require.Len(t, faults, len(events))
	return versions, faults
}

func TestTypesAreReadTogetherAndOnce(t *testing.T) {
	source := &catalogue{}
	source.put("plain", "", 0)
	source.put("strict", `{"required":["id"]}`, 7)
	source.put("freed", "", 3)
	s := eventschema.New(source.TypeSchemas)
	batch := []hook.Event{eventOf("strict", `{"id":1}`), eventOf("plain", `{}`), eventOf("strict", `{"id":2}`), eventOf("freed", `{}`), eventOf("none", `{}`)}
	versions, faults := check(t, s, batch...)
	require.Equal(t, []int64{7, 0, 7, 3, 0}, versions)
	require.Equal(t, make([]*hook.Error, 5), faults)
	require.Equal(t, [][]string{{"strict", "plain", "freed", "none"}}, source.asked)
	check(t, s, batch[:4]...)
	require.Len(t, source.asked, 1, "known types are not read again")
	check(t, s)
	require.Len(t, source.asked, 1)
}

func TestFaultsOfEvents(t *testing.T) {
	source := &catalogue{}
	source.put("T", `{"required":["id"],"properties":{"id":{"type":"string"}}}`, 1)
	s := eventschema.New(source.TypeSchemas)
	both := hook.Event{Type: "T", Previous: []byte(`{}`), Current: []byte(`{"id":7}`)}
	_, faults := check(t, s, eventOf("T", `{"id":"a"}`), both, eventOf("T", `{}`))
	require.Nil(t, faults[0])
	require.Equal(t, hook.CodeInvalid, faults[1].Code)
	require.Equal(t, "2 values do not fit the schema of event type T.", faults[1].Message)
	require.Equal(t, []string{"/previous/id is required", "/current/id must be string, not number"}, lines(faults[1].Fields))
	require.Equal(t, "/current/id is required", faults[2].Message)
}

func TestUnknownTypesAreNotRemembered(t *testing.T) {
	source := &catalogue{}
	s := eventschema.New(source.TypeSchemas)
	check(t, s, eventOf("late", `{}`))
	source.put("late", `{"required":["id"]}`, 1)
	versions, faults := check(t, s, eventOf("late", `{}`))
	require.Equal(t, []int64{1}, versions)
	require.NotNil(t, faults[0])
}

func TestForget(t *testing.T) {
	source := &catalogue{}
	source.put("T", "", 0)
	source.put("U", "", 0)
	s := eventschema.New(source.TypeSchemas)
	event := eventOf("T", `{}`)
	check(t, s, event, eventOf("U", `{}`))
	source.put("T", `{"required":["id"]}`, 1)
	versions, faults := check(t, s, event)
	require.Equal(t, []int64{0}, versions, "the version tells the caller that this is outdated")
	require.Nil(t, faults[0])
	s.Forget([]string{"T", "none"})
	versions, faults = check(t, s, event, eventOf("U", `{}`))
	require.Equal(t, []int64{1, 0}, versions)
	require.NotNil(t, faults[0])
	require.Equal(t, []string{"T"}, source.asked[1])
}

// TestRefusalsAreNeverOutdated changes schemas behind the back of what is remembered.
func TestRefusalsAreNeverOutdated(t *testing.T) {
	source := &catalogue{}
	source.put("T", `{"required":["id"]}`, 1)
	s := eventschema.New(source.TypeSchemas)
	check(t, s, eventOf("T", `{"id":1}`))
	_, faults := check(t, s, eventOf("T", `{}`), eventOf("T", `{}`))
	require.NotNil(t, faults[1])
	require.Equal(t, [][]string{{"T"}, {"T"}}, source.asked, "one look at the source, for both")

	source.put("T", `{"required":["name"]}`, 2)
	versions, faults := check(t, s, eventOf("T", `{}`), eventOf("T", `{"name":1}`), eventOf("T", `{"id":1}`))
	require.Equal(t, []int64{2, 2, 1}, versions, "the last one fits what it was held to; the store will see that this is outdated")
	require.Equal(t, "/current/name is required", faults[0].Message)
	require.Nil(t, faults[1])
	require.Nil(t, faults[2])

	source.put("T", "", 3)
	versions, faults = check(t, s, eventOf("T", `{}`))
	require.Equal(t, []int64{3}, versions)
	require.Nil(t, faults[0])

	source.put("T", `{"required":["id"]}`, 4)
	s.Forget([]string{"T"})
	check(t, s, eventOf("T", `{"id":1}`))
	delete(source.types, "T")
	versions, faults = check(t, s, eventOf("T", `{}`))
	require.Equal(t, []int64{0}, versions)
	require.Nil(t, faults[0], "whether the type exists is for the store to say")
}

func TestSourceOutOfReach(t *testing.T) {
	source := &catalogue{err: hook.Errorf(hook.CodeUnavailable, "away")}
	s := eventschema.New(source.TypeSchemas)
	_, _, err := s.Check(context.Background(), []hook.Event{eventOf("T", `{}`)})
	require.Equal(t, hook.CodeUnavailable, hook.CodeOf(err))
	source.err = nil
	source.put("T", `{"required":["id"]}`, 1)
	check(t, s, eventOf("T", `{"id":1}`))
	source.err = errors.New("away")
	_, _, err = s.Check(context.Background(), []hook.Event{eventOf("T", `{}`)})
	require.ErrorIs(t, err, source.err, "a refusal needs the source")
	_, faults := check(t, s, eventOf("T", `{"id":1}`))
	require.Nil(t, faults[0])
}

func TestChecksStopWithTheirCaller(t *testing.T) {
	source := &catalogue{}
	source.put("T", "", 0)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := eventschema.New(source.TypeSchemas).Check(ctx, []hook.Event{eventOf("T", `{}`)})
	require.ErrorIs(t, err, context.Canceled)
}

func TestStoredSchemaThatCannotBeUsed(t *testing.T) {
	source := &catalogue{}
	source.put("T", `{"type":"txt"}`, 1)
	s := eventschema.New(source.TypeSchemas)
	_, faults := check(t, s, eventOf("T", `{}`), eventOf("U", `{}`))
	require.Equal(t, hook.CodeUnavailable, faults[0].Code)
	require.Contains(t, faults[0].Message, "put the type with another one")
	require.Nil(t, faults[1])
	source.put("T", `{}`, 2)
	_, faults = check(t, s, eventOf("T", `{}`))
	require.Nil(t, faults[0])
}

func TestMemoryIsBounded(t *testing.T) {
	source := &catalogue{}
	var events []hook.Event
	for i := range eventschema.MaxKnown + 1 {
		name := fmt.Sprint("T", i)
		source.put(name, "", 0)
		events = append(events, eventOf(name, `{}`))
	}
	s := eventschema.New(source.TypeSchemas)
	check(t, s, events[:eventschema.MaxKnown]...)
	check(t, s, events[0])
	require.Len(t, source.asked, 1)
	check(t, s, events[eventschema.MaxKnown])
	require.Len(t, source.asked, 2)
	check(t, s, events[0])
	require.Len(t, source.asked, 3, "all were forgotten for the one too many")
}

// TestSchemasAreSafeForManyAtOnce lets checks, changes and Forget run side by
// side; the race detector and the versions watch. A version n asks for n.
func TestSchemasAreSafeForManyAtOnce(t *testing.T) {
	source := &catalogue{}
	schema := func(n int) string { return fmt.Sprintf(`{"required":["v%d"]}`, n) }
	source.put("T", schema(1), 1)
	s := eventschema.New(source.TypeSchemas)
	var group sync.WaitGroup
	group.Go(func() {
		for n := 2; n <= 100; n++ {
			source.put("T", schema(n), int64(n))
			s.Forget([]string{"T"})
		}
	})
	for range 8 {
		group.Go(func() {
			for n := 1; n <= 100; n++ {
				versions, faults, err := s.Check(context.Background(), []hook.Event{eventOf("T", fmt.Sprintf(`{"v%d":1}`, n))})
				if err != nil || (faults[0] == nil) != (versions[0] == int64(n)) {
					t.Errorf("version %d, fault %v, error %v", versions[0], faults[0], err)
				}
			}
		})
	}
	group.Wait()
	s.Forget([]string{"T"})
	before := source.questions()
	versions, _ := check(t, s, eventOf("T", `{"v100":1}`))
	require.Equal(t, []int64{100}, versions)
	require.Equal(t, before+1, source.questions())
}
