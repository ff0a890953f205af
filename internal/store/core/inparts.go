package core

import "godwit/internal/hook"

const (
	// mostListed is how many bytes one page of a list holds that has large rows, about.
	mostListed = 2 << 20
	// firstPart is how many rows of it are read before it is known how large they are.
	firstPart = 10
)

// LargeRows is a list whose rows may be large.
type LargeRows[T any] struct {
	Read func(hook.Page) ([]T, error)
	Size func(T) int
	Key  func(T) hook.Cursor
}

// Page reads a page in parts, each as large as the rows before it allow. Where
// page.Stopped is set, it ends after mostListed bytes, and says there where to go on.
func (l LargeRows[T]) Page(page hook.Page) ([]T, error) {
	if page.Stopped == nil {
		return l.Read(page)
	}
	var out []T
	bytes := 0
	part := page
	for part.Limit = min(firstPart, page.Limit); len(out) < page.Limit; {
		some, err := l.Read(part)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
		for _, row := range some {
			bytes += l.Size(row)
		}
		if len(some) < part.Limit || len(out) == page.Limit {
			break
		}
		last := l.Key(out[len(out)-1])
		if bytes >= mostListed {
			*page.Stopped = last
			break
		}
		part.After = &last
		part.Limit = min(max(1, mostListed*len(out)/max(1, bytes)), page.Limit-len(out))
	}
	return out, nil
}
