// The library and the checks, opened once and shared by all requests; opened anew when the library has changed.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/copy/detector.h"
#include "kantei/inspect/inspector.h"
#include "kantei/store/catalog.h"

namespace kantei::server {

struct EngineOptions {
  std::filesystem::path library;
  copy::DetectorOptions copy;
  bool pixels = true;  ///< look in the pixels for AI making and editing, when a network is installed
  std::filesystem::path detector, profile;  ///< empty: the shipped ones
  inspect::InspectOptions inspect;
};

/// One state of the library, ready for searching. Thread-safe.
struct Snapshot {
  std::unique_ptr<copy::CopyDetector> detector;
  std::unique_ptr<inspect::Inspector> inspector;
  inspect::RunFacts run;
  store::Checkpoint checkpoint;
  std::int64_t banks = 0;
  std::string opened_at;
};

class Engine {
 public:
  /// Makes an empty library when there is none.
  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options,
                                              const CancellationToken& cancellation);

  std::shared_ptr<const Snapshot> snapshot() const;
  /// Opens the library anew when its catalogue has moved on; true when it did. Searches go on meanwhile.
  Result<bool> Refresh();
  /// False while the catalogue is ahead of what is searched.
  bool current() const;

  const EngineOptions& options() const { return options_; }
  /// Name of the network that looks at pixels; nothing without one.
  std::optional<std::string> pixel_network() const;
  /// The network that describes new pictures; null when descriptors are not used. Opened at first use.
  Result<std::shared_ptr<const copy::DescriptorModel>> descriptor_model();

 private:
  Engine(EngineOptions options, CancellationToken cancellation)
      : options_(std::move(options)), cancellation_(std::move(cancellation)) {}
  Result<std::shared_ptr<const Snapshot>> OpenSnapshot() const;

  EngineOptions options_;
  CancellationToken cancellation_;
  inspect::PixelDetector pixels_;
  std::mutex refresh_mutex_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::shared_ptr<const copy::DescriptorModel> model_;
  bool current_ = true;
};

}  // namespace kantei::server
