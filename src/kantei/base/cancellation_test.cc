#include "kantei/base/cancellation.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace kantei {
namespace {

TEST(CancellationTest, CopiesShareOneFlag) {
  const CancellationToken token, other;
  const CancellationToken copy = token;
  EXPECT_FALSE(token.cancelled());
  EXPECT_TRUE(copy.Check().ok());
  copy.Cancel();
  EXPECT_TRUE(token.cancelled());
  EXPECT_FALSE(other.cancelled());
  EXPECT_EQ(token.Check().error().code, ErrorCode::kCancelled);
}

TEST(CancellationTest, AnotherThreadSeesIt) {
  const CancellationToken token;
  std::thread waiter([token] {
    while (!token.cancelled()) std::this_thread::yield();
  });
  token.Cancel();
  waiter.join();
}

// In a child process: the handlers and the flag are the whole process's.
TEST(CancellationDeathTest, TheFirstSignalCancelsAndTheSecondEnds) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const CancellationToken token = CancellationToken::OnInterrupt();
        if (token.cancelled()) std::exit(3);
        std::raise(SIGINT);
        std::exit(CancellationToken::OnInterrupt().cancelled() && token.cancelled() ? 0 : 4);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        const CancellationToken token = CancellationToken::OnInterrupt();
        std::raise(SIGTERM);
        std::raise(SIGTERM);
        std::exit(token.cancelled() ? 5 : 6);
      },
      testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace kantei
