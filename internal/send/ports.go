package send

import "slices"

// barredPorts are never dialled, whatever the address: their usual services
// don't speak HTTP, and some act on any line of text that reaches them. It is
// the core of the Fetch Standard's "bad ports", and databases and caches.
var barredPorts = []uint16{
	20, 21, 22, 23, 69, 111, 135, 137, 138, 139, 445, 512, 513, 514, 515, 548, 873, 2049, // files, shells, logs, printers
	25, 109, 110, 143, 465, 587, 993, 995, 4190, // mail
	119, 563, 5060, 5061, 6665, 6666, 6667, 6668, 6669, 6679, 6697, // news, calls, chat
	53, 88, 123, 161, 162, 179, 389, 636, 1719, 1720, 1723, // names, time, directories, networks
	3389, 5900, 6000, // screens
	1433, 1521, 3306, 5432, 6379, 9042, 11211, 27017, // databases and caches
}

func barred(port uint16) bool { return slices.Contains(barredPorts, port) }
