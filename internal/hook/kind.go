package hook

// EventKind says how an event came about; its deliveries are of the same kind.
type EventKind string

// The kinds of events.
const (
	// KindPublished: the host application published it.
	KindPublished EventKind = "published"
	// KindTest: an owner sent it to one webhook, to see it arrive. Its delivery makes
	// one attempt, also while the webhook is off or has no free slot, and bears on
	// neither the webhook's health nor its ledger.
	KindTest EventKind = "test"
	// KindCombination: a combination rule made it.
	KindCombination EventKind = "combination"
	// KindOperational: Godwit made it, about a webhook of its owner.
	KindOperational EventKind = "operational"
)

// EventKinds lists every EventKind.
var EventKinds = []EventKind{KindPublished, KindTest, KindCombination, KindOperational}

// KindOf is the kind of an event of a type.
func KindOf(eventType string, test bool) EventKind {
	switch {
	case test:
		return KindTest
	case eventType == CombinationType:
		return KindCombination
	case Operational(eventType):
		return KindOperational
	}
	return KindPublished
}

// TypesOf lists the types that events of a kind have; none where any other type is
// of that kind.
func TypesOf(k EventKind) []string {
	switch k {
	case KindCombination:
		return []string{CombinationType}
	case KindOperational:
		return []string{TypeDegraded, TypeDeactivated, TypeRecovered, TypeDeliveryFailed}
	}
	return nil
}
