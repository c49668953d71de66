#include "kantei/server/engine.h"

#include <utility>

#include "kantei/base/clock.h"
#include "kantei/base/files.h"
#include "kantei/base/log.h"
#include "kantei/copy/descriptor_model.h"

namespace kantei::server {

Result<std::unique_ptr<Engine>> Engine::Open(const EngineOptions& options,
                                             const CancellationToken& cancellation) {
  { KANTEI_TRY(const auto catalog, store::Catalog::Open(options.library, store::OpenMode::kCreate)); }
  std::unique_ptr<Engine> engine(new Engine(options, cancellation));
  if (options.pixels) {
    auto pixels = inspect::OpenPixelDetector(options.detector, options.profile);
    if (pixels.ok()) {
      engine->pixels_ = std::move(*pixels);
    } else if (options.detector.empty() && pixels.error().code == ErrorCode::kNotFound) {
      LogWarning("pixels are not analysed for AI making: " + pixels.error().message);
    } else {
      return pixels.error();
    }
  }
  KANTEI_TRY(engine->snapshot_, engine->OpenSnapshot());
  return engine;
}

Result<std::shared_ptr<const Snapshot>> Engine::OpenSnapshot() const {
  auto snapshot = std::make_shared<Snapshot>();
  {
    // Read first: what is added while the indexes are opened is noticed at the next look.
    KANTEI_TRY(const auto catalog, store::Catalog::Open(options_.library, store::OpenMode::kReadOnly));
    KANTEI_TRY(snapshot->checkpoint, catalog->CurrentCheckpoint());
    KANTEI_TRY(const auto banks, catalog->Banks());
    snapshot->banks = static_cast<std::int64_t>(banks.size());
    KANTEI_TRY(snapshot->run.library_pictures, catalog->Count({}));
  }
  KANTEI_TRY(snapshot->detector, copy::CopyDetector::Open(options_.library, options_.copy, cancellation_));
  KANTEI_TRY(auto checks, inspect::MakeStandardChecks(snapshot->detector.get(), pixels_, options_.inspect));
  snapshot->inspector = std::make_unique<inspect::Inspector>(std::move(checks), options_.inspect);
  snapshot->run.tool_version = KANTEI_VERSION;
  snapshot->run.library = DisplayPath(options_.library);
  snapshot->run.options = {{"copy", "yes"},
                           {"pixels", pixels_.detector != nullptr ? "yes" : "no"},
                           {"reference", options_.inspect.realism_reference},
                           {"working_side", std::to_string(options_.inspect.working_side)}};
  snapshot->opened_at = UtcNow();
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

std::shared_ptr<const Snapshot> Engine::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

Result<bool> Engine::Refresh() {
  const std::lock_guard one_at_a_time(refresh_mutex_);
  store::Checkpoint now;
  std::int64_t banks = 0;
  {
    KANTEI_TRY(const auto catalog, store::Catalog::Open(options_.library, store::OpenMode::kReadOnly));
    KANTEI_TRY(now, catalog->CurrentCheckpoint());
    KANTEI_TRY(const auto all, catalog->Banks());
    banks = static_cast<std::int64_t>(all.size());
  }
  {
    const std::lock_guard lock(mutex_);
    if (snapshot_->checkpoint == now && snapshot_->banks == banks) return false;
    current_ = false;
  }
  KANTEI_TRY(std::shared_ptr<const Snapshot> fresh, OpenSnapshot());
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(fresh);
  current_ = true;
  return true;
}

bool Engine::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::optional<std::string> Engine::pixel_network() const {
  if (pixels_.detector == nullptr) return std::nullopt;
  return pixels_.profile.detector;
}

Result<std::shared_ptr<const copy::DescriptorModel>> Engine::descriptor_model() {
  const std::lock_guard lock(mutex_);
  if (!options_.copy.use_descriptor) return std::shared_ptr<const copy::DescriptorModel>();
  if (model_ == nullptr) {
    KANTEI_TRY(model_, copy::DescriptorModel::Open(options_.copy.network));
  }
  return model_;
}

}  // namespace kantei::server
