// A folder of its own for a test, which is also the user's KANTEI_HOME while the test runs.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace kantei::nn {

class FolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              ("kantei-nn-" + std::to_string(getpid()) + "-" + test->test_suite_name() + "-" + test->name());
    std::filesystem::create_directories(folder_);
    setenv("KANTEI_HOME", folder_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("KANTEI_HOME");
    std::filesystem::remove_all(folder_);
  }
  std::filesystem::path folder_;
};

}  // namespace kantei::nn
