// Threads for loops over many independent items.
#pragma once

#include <cstddef>
#include <functional>

#include "kantei/base/cancellation.h"

namespace kantei {

/// The number of threads to use: `wished` when positive, else the cores this process may run on.
int ThreadCount(int wished);

/// Calls body(i) for i in [0, count) on `threads` threads, in no order; returns when all are done. A cancelled token
/// lets running calls end and starts no more. The first exception that a body throws is rethrown here.
void ParallelFor(std::size_t count, int threads, const CancellationToken& cancellation,
                 const std::function<void(std::size_t)>& body);

/// Runs produce(i) for i in [0, count) on `threads` threads and consume(i) on the calling thread in order of i, with at
/// most 4 × threads results waiting, so that memory stays bounded. consume returning false stops early.
template <typename T>
void OrderedPipeline(std::size_t count, int threads, const CancellationToken& cancellation,
                     const std::function<T(std::size_t)>& produce,
                     const std::function<bool(std::size_t, T&&)>& consume);

}  // namespace kantei

#include "kantei/base/parallel_inl.h"
