// Package prefetch asks the processor for memory before it is needed. A picture goes to one viewer after the other, thirty times a second,
// and what the server knows of each has left the processor's cache since the picture before: without asking, every place of it is waited for,
// one after the other.
//
//	walk: viewer 1        viewer 2        viewer 3
//	      ask for 2's     ask for 3's     ...
//	      send            send
//
// Each type names what its work touches, in a method Hot. To ask for memory changes nothing but time, and a place that is not there any
// more may be asked for: Places keep addresses, not objects. On processors that this package does not know nothing is asked for.
package prefetch
