package access

import lru "github.com/hashicorp/golang-lru/v2"

// maxRemembered bounds each memory, to a few MB.
const maxRemembered = 10_000

// Memory holds something for everybody who calls, in this process alone: with
// two processes behind one address, a key has its allowance in each. The one who
// has not called for longest is forgotten when there are too many, and begins
// anew. It is safe for concurrent use.
type Memory[V any] struct{ held *lru.Cache[string, V] }

// NewMemory makes an empty one.
func NewMemory[V any]() Memory[V] {
	held, err := lru.New[string, V](maxRemembered)
	if err != nil {
		panic(err) // only for a size that is not above zero
	}
	return Memory[V]{held}
}

// Peek gives what is held for a name, or the zero value.
func (m Memory[V]) Peek(whose string) V {
	one, _ := m.held.Get(whose)
	return one
}

// Of gives what is held for someone, and makes it the first time.
func (m Memory[V]) Of(whose string, newOne func() V) V {
	if one, known := m.held.Get(whose); known {
		return one
	}
	one := newOne()
	if first, raced, _ := m.held.PeekOrAdd(whose, one); raced {
		return first
	}
	return one
}
