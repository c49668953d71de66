#include "kantei/base/parallel.h"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <stdexcept>

namespace kantei {
namespace {

TEST(ThreadCountTest, TakesTheWishOrTheCores) {
  EXPECT_EQ(ThreadCount(3), 3);
  EXPECT_GE(ThreadCount(0), 1);
  EXPECT_EQ(ThreadCount(-1), ThreadCount(0));
}

TEST(ParallelForTest, CallsEachIndexOnce) {
  for (const int threads : {0, 1, 2, 7, 50}) {
    for (const std::size_t count : {0u, 1u, 5u, 1000u}) {
      std::vector<std::atomic<int>> calls(count);
      ParallelFor(count, threads, {}, [&](std::size_t i) { ++calls[i]; });
      for (const auto& number : calls) EXPECT_EQ(number, 1);
    }
  }
}

TEST(ParallelForTest, RethrowsAndStartsNoMore) {
  std::atomic<std::size_t> calls{0};
  EXPECT_THROW(ParallelFor(1'000'000, 4, {},
                           [&](std::size_t i) {
                             ++calls;
                             if (i == 10) throw std::runtime_error("ten");
                           }),
               std::runtime_error);
  EXPECT_LT(calls, 1'000'000u);
}

TEST(ParallelForTest, StopsWhenCancelled) {
  const CancellationToken token;
  std::atomic<std::size_t> calls{0};
  ParallelFor(1'000'000, 2, token, [&](std::size_t) {
    if (++calls == 20) token.Cancel();
  });
  EXPECT_GE(calls, 20u);
  EXPECT_LT(calls, 1'000'000u);
}

TEST(OrderedPipelineTest, ConsumesInOrderOnTheCallingThread) {
  const auto caller = std::this_thread::get_id();
  for (const int threads : {0, 1, 2, 5}) {
    std::vector<std::size_t> order;
    OrderedPipeline<std::unique_ptr<std::size_t>>(
        500, threads, {},
        [&](std::size_t i) {
          if (i % 7 == 0) std::this_thread::yield();
          EXPECT_NE(std::this_thread::get_id(), caller);
          return std::make_unique<std::size_t>(i * 3);
        },
        [&](std::size_t i, std::unique_ptr<std::size_t>&& value) {
          EXPECT_EQ(std::this_thread::get_id(), caller);
          EXPECT_EQ(*value, i * 3);
          order.push_back(i);
          return true;
        });
    std::vector<std::size_t> expected(500);
    std::iota(expected.begin(), expected.end(), std::size_t{0});
    EXPECT_EQ(order, expected) << threads;
  }
}

TEST(OrderedPipelineTest, NoItemsIsNoWork) {
  OrderedPipeline<int>(
      0, 2, {}, [](std::size_t) -> int { throw std::runtime_error("called"); },
      [](std::size_t, int&&) -> bool { throw std::runtime_error("called"); });
}

TEST(OrderedPipelineTest, KeepsAtMostFourResultsAThreadWaiting) {
  constexpr int kThreads = 3;
  std::atomic<std::size_t> produced{0}, consumed{0}, most{0};
  OrderedPipeline<int>(
      300, kThreads, {},
      [&](std::size_t) {
        const std::size_t waiting = ++produced - consumed;
        std::size_t seen = most;
        while (waiting > seen && !most.compare_exchange_weak(seen, waiting)) {
        }
        return 0;
      },
      [&](std::size_t i, int&&) {
        // The first result is held back until the producers have run into the window.
        for (int wait = 0; i == 0 && wait < 2000 && produced < 4 * kThreads; ++wait) {
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        ++consumed;
        return true;
      });
  EXPECT_EQ(consumed, 300u);
  EXPECT_GE(most, 4u * kThreads);
  EXPECT_LE(most, 4u * kThreads + 1);  // one more while consume has not yet counted the item that it holds
}

TEST(OrderedPipelineTest, ConsumeMayStopEarly) {
  std::atomic<std::size_t> produced{0};
  std::size_t consumed = 0;
  OrderedPipeline<std::size_t>(
      100'000, 2, {},
      [&](std::size_t i) {
        ++produced;
        return i;
      },
      [&](std::size_t, std::size_t&&) { return ++consumed < 10; });
  EXPECT_EQ(consumed, 10u);
  EXPECT_LE(produced, 10u + 4 * 2);
}

TEST(OrderedPipelineTest, ExceptionsOfBothSidesArrive) {
  const auto run = [](bool in_produce) {
    OrderedPipeline<int>(
        1000, 3, {},
        [&](std::size_t i) {
          if (in_produce && i == 50) throw std::runtime_error("produce");
          return 0;
        },
        [&](std::size_t i, int&&) {
          if (!in_produce && i == 50) throw std::logic_error("consume");
          return true;
        });
  };
  EXPECT_THROW(run(true), std::runtime_error);
  EXPECT_THROW(run(false), std::logic_error);
}

TEST(OrderedPipelineTest, CancellationConsumesWhatWasBegunAndNothingElse) {
  const CancellationToken token;
  std::atomic<std::size_t> produced{0};
  std::size_t consumed = 0;
  OrderedPipeline<std::size_t>(
      100'000, 2, token,
      [&](std::size_t i) {
        if (++produced == 30) token.Cancel();
        return i;
      },
      [&](std::size_t i, std::size_t&& value) {
        EXPECT_EQ(i, value);
        EXPECT_EQ(i, consumed);
        ++consumed;
        return true;
      });
  EXPECT_GE(produced, 30u);
  EXPECT_LT(produced, 100u);
  EXPECT_EQ(consumed, produced);
}

}  // namespace
}  // namespace kantei
