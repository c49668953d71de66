// The library as the server reads and changes it, and what follows from a change: searches see it, and what was inspected before is
// looked through for new pictures.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kantei/copy/enroll.h"
#include "kantei/server/engine.h"
#include "kantei/store/catalog.h"
#include "kantei/store/review_store.h"

namespace kantei::server {

class LibraryService {
 public:
  /// `originals`: where pictures that are added are kept. `matched` hears of each new retroactive match.
  static Result<std::unique_ptr<LibraryService>> Open(
      Engine* engine, store::ServerDatabase* database, std::filesystem::path originals,
      std::function<void(const store::RetroactiveMatch&)> matched);
  ~LibraryService();

  /// Runs `read` on a reading catalogue; one at a time.
  template <typename Read>
  auto With(Read read) {
    const std::lock_guard lock(read_mutex_);
    return read(*reader_);
  }
  /// Runs `write` on a writing catalogue; kUnavailable while another process writes. Searches see the change within seconds.
  Status Change(const std::function<Status(store::Catalog&)>& write);

  struct Upload {
    std::filesystem::path file;  ///< is copied
    std::string file_name;
  };
  struct Added {
    std::vector<store::Picture> pictures;  ///< those that are new
    std::int64_t already_known = 0;
    struct Failure {
      std::string file_name;
      Error error;
    };
    std::vector<Failure> failures;
  };
  /// `options.bank` must exist (kNotFound).
  Result<Added> Add(const std::vector<Upload>& uploads, copy::EnrollOptions options);

  /// Kind of a bank; kNotFound when there is none.
  Result<store::BankKind> KindOf(const std::string& bank);

 private:
  LibraryService(Engine* engine, store::ServerDatabase* database, std::filesystem::path originals,
                 std::function<void(const store::RetroactiveMatch&)> matched);
  void Loop();
  Status MatchRetroactively();

  Engine* engine_;
  store::ServerDatabase* database_;
  std::filesystem::path originals_;
  std::function<void(const store::RetroactiveMatch&)> matched_;
  std::mutex read_mutex_, write_mutex_;
  std::unique_ptr<store::Catalog> reader_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool changed_ = true, stopping_ = false;
  std::thread thread_;
};

}  // namespace kantei::server
