package store

import "godwit/internal/hook"

const (
	// mostListed is how many bytes one page of a list holds that has large rows, about.
	mostListed = 2 << 20
	// firstPart is how many rows of it are read before it is known how large they are.
	firstPart = 10
)

// largeRows is a list whose rows may be large.
type largeRows[T any] struct {
	read func(hook.Page) ([]T, error)
	size func(T) int
	key  func(T) hook.Cursor
}

// page reads a page in parts, each as large as the rows before it allow. Where
// page.Stopped is set, it ends after mostListed bytes, and says there where to go on.
func (l largeRows[T]) page(page hook.Page) ([]T, error) {
	if page.Stopped == nil {
		return l.read(page)
	}
	var out []T
	bytes := 0
	part := page
	for part.Limit = min(firstPart, page.Limit); len(out) < page.Limit; {
		some, err := l.read(part)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
		for _, row := range some {
			bytes += l.size(row)
		}
		if len(some) < part.Limit || len(out) == page.Limit {
			break
		}
		last := l.key(out[len(out)-1])
		if bytes >= mostListed {
			*page.Stopped = last
			break
		}
		part.After = &last
		part.Limit = min(max(1, mostListed*len(out)/max(1, bytes)), page.Limit-len(out))
	}
	return out, nil
}
