package hook

import "fmt"

// Bounds of what an answer says is wrong. Who sends more than these has made one
// mistake many times.
const (
	// MaxEventFaults is how many faults of one event are named.
	MaxEventFaults = 20
	// MaxFaults is how many faults one answer names.
	MaxFaults = 200
)

// Faults collects what is wrong with a value. Beyond Most it only counts, so that
// a body full of faults costs no memory.
type Faults struct {
	Most   int
	named  []Field
	others int
}

// Add notes a fault; named is called if it is to be named.
func (f *Faults) Add(named func() Field) {
	if len(f.named) >= f.Most {
		f.others++
		return
	}
	f.named = append(f.named, named())
}

// None says whether nothing is wrong.
func (f *Faults) None() bool { return len(f.named) == 0 }

// Fields gives the faults; the last one says how many are not named.
func (f *Faults) Fields() []Field {
	if f.others == 0 {
		return f.named
	}
	return append(f.named[:len(f.named):len(f.named)], moreFaults(f.others))
}

func moreFaults(n int) Field {
	return Field{Code: FieldMore, Params: Params{"count": n}, Detail: fmt.Sprintf("has %d more faults, which are not named; mend these first", n)}
}

// FirstFaults gives at most so many faults; the last one says how many are not
// named. Those that such a fault among them stands for count, too.
func FirstFaults(all []Field, most int) []Field {
	others := 0
	named := make([]Field, 0, len(all))
	for _, f := range all {
		if n, ok := f.Params["count"].(int); ok && f.Code == FieldMore {
			others += n
		} else {
			named = append(named, f)
		}
	}
	if n := min(len(named), most); others+len(named) > n {
		return append(named[:n:n], moreFaults(others+len(named)-n))
	}
	return named
}
