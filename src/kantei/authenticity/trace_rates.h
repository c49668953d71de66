// How many authentic pictures score as high. Private to authenticity.
#pragma once

#include "kantei/authenticity/traces.h"

namespace kantei::authenticity::trace {

enum class Source { kPhoto, kDrawn };

/// The share of authentic pictures whose score was `score` or more, between the measured points by the logarithm.
double RateAbove(TraceKind kind, Source source, double score);

}  // namespace kantei::authenticity::trace
