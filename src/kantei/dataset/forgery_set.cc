#include "kantei/dataset/forgery_set.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/parallel.h"
#include "kantei/base/sha256.h"
#include "kantei/dataset/edit_math.h"
#include "kantei/dataset/edit_pixels.h"
#include "kantei/dataset/forgery_pixels.h"
#include "kantei/dataset/forgery_set_files.h"
#include "kantei/dataset/source_files.h"
#include "kantei/image/encode.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

/// The table is written anew after so many files, so that it can be used before the set is whole.
constexpr std::size_t kTableEvery = 256;

/// One file on its way into the set.
struct Item {
  fs::path path;
  std::string source;
  bool generated = false;
};

struct Made {
  std::vector<SampleRow> rows;
  Status file, disk;
  bool kept = false, small = false, blank = false, stopped = false;
  std::int64_t fruitless = 0;
};

Result<std::vector<Item>> Collect(const std::vector<fs::path>& roots, bool generated) {
  std::vector<Item> items;
  for (const fs::path& root : roots) {
    KANTEI_TRY(const std::vector<fs::path> files, ListFiles(std::array{root}));
    for (const fs::path& file : files) {
      if (HasImageExtension(file)) items.push_back({file, SourceName(root, file), generated});
    }
  }
  return items;
}

/// At most `most` of the items, shared among the sources by the square root of their sizes: large ones give more without
/// drowning the small.
std::vector<Item> Spread(std::vector<Item> items, std::size_t most, std::uint64_t seed) {
  if (most == 0 || items.size() <= most) return items;
  std::map<std::string, std::vector<Item>> sources;
  for (Item& item : items) sources[item.source].push_back(std::move(item));
  std::vector<std::vector<Item>*> order;
  double weights = 0;
  for (auto& [name, list] : sources) {
    Random random(seed ^ Hash(name));
    for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random.Below(i)]);
    order.push_back(&list);
    weights += std::sqrt(double(list.size()));
  }
  // The small sources first: what they lack falls to the larger ones.
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return a->size() < b->size(); });
  std::vector<Item> chosen;
  for (std::vector<Item>* list : order) {
    const double weight = std::sqrt(double(list->size()));
    const auto share = static_cast<std::size_t>(Round(double(most - chosen.size()) * weight / weights));
    weights -= weight;
    for (std::size_t k = 0; k < std::min(share, list->size()); ++k) chosen.push_back(std::move((*list)[k]));
  }
  return chosen;
}

Result<image::Cutout> Read(const fs::path& path, int side) {
  KANTEI_TRY(const Bytes bytes, ReadFile(path, image::DecodeLimits{}.max_file_bytes));
  return DecodeSource(bytes, path, side);
}

/// The same steps for every picture of the set, whatever its class.
Image Standard(const Image& picture, int side, Random& random) {
  const int left = Between(random, 0, 7), top = Between(random, 0, 7);
  Image cut = picture;
  if (picture.width() > 64 && picture.height() > 64)
    cut = image::Crop(picture, {left, top, picture.width() - left, picture.height() - top});
  cut = image::ResizeToFit(cut, side);
  return image::Crop(cut, {0, 0, std::max(1, cut.width() & ~1), std::max(1, cut.height() & ~1)});
}

Image OverRandomColour(const image::Cutout& cutout, Random& random) {
  if (cutout.alpha.empty()) return cutout.colour;
  Image ground(cutout.colour.width(), cutout.colour.height(), 3);
  Fill(&ground, RandomGround(random));
  return Lay(ground, {cutout.colour, cutout.alpha}, 0, 0).picture;
}

std::vector<Image> Tiles(const Image& picture, int tiles) {
  std::vector<Image> cut;
  for (int y = 0; y < tiles; ++y) {
    for (int x = 0; x < tiles; ++x) {
      const int left = picture.width() * x / tiles, right = picture.width() * (x + 1) / tiles;
      const int top = picture.height() * y / tiles, bottom = picture.height() * (y + 1) / tiles;
      if (right > left && bottom > top)
        cut.push_back(image::Crop(picture, {left, top, right - left, bottom - top}));
    }
  }
  return cut;
}

class SetWriter {
 public:
  SetWriter(const ForgerySetOptions& options, const ForgeryMaker& maker,
            const CancellationToken& cancellation)
      : options_(options), maker_(maker), cancellation_(cancellation), files_(options.out) {}

  std::vector<Item> donors;
  std::vector<image::Cutout> cutouts;
  std::vector<const ForgeryKind*> kinds;

  Made Make(const Item& item) const {
    Made made;
    Result<Bytes> bytes = ReadFile(item.path, image::DecodeLimits{}.max_file_bytes);
    if (!bytes.ok()) {
      made.file = bytes.error();
      return made;
    }
    const std::string digest = Sha256Hex(*bytes);
    const std::string stem =
        PlainFileName(item.path.stem().string()).substr(0, 40) + "." + digest.substr(0, 10);
    const std::string key = item.source + "/" + stem + (item.generated ? ".generated" : "");
    if (std::optional<std::vector<SampleRow>> rows = files_.Finished(key)) {
      made.rows = std::move(*rows);
      made.kept = true;
      return made;
    }
    const Result<image::Cutout> read = DecodeSource(*bytes, item.path, options_.side);
    if (!read.ok()) {
      made.file = read.error();
      return made;
    }
    Random random(options_.seed ^ Hash(digest));
    const Image picture = OverRandomColour(*read, random);
    made.disk = item.generated ? Generated(item, stem, picture, random, &made)
                               : Authentic(item, stem, picture, random, &made);
    if (made.disk.ok() && !made.stopped) made.disk = files_.Finish(key, made.rows);
    return made;
  }

 private:
  SampleRow Row(const Item& item, const std::string& picture, std::string_view history,
                std::string_view engine) const {
    return {picture, "", "", std::string(history), std::string(engine), item.source, options_.split};
  }

  Status Generated(const Item& item, const std::string& stem, const Image& sheet, Random& random,
                   Made* made) const {
    const std::vector<Image> tiles = Tiles(sheet, options_.tiles);
    for (std::size_t i = 0; i < tiles.size(); ++i) {
      Image tile = Standard(tiles[i], options_.side, random);
      if (std::min(tile.width(), tile.height()) < options_.least_side) {
        made->small = true;
        continue;
      }
      if (IsBlank(tile)) continue;
      const std::string name = "generated/" + item.source + "/" + stem +
                               (tiles.size() > 1 ? "-" + std::to_string(i + 1) : "") + ".png";
      KANTEI_RETURN_IF_ERROR(files_.Write(name, tile));
      made->rows.push_back(Row(item, name, "generated", options_.generated_engine));
    }
    return {};
  }

  Status Authentic(const Item& item, const std::string& stem, const Image& original, Random& random,
                   Made* made) const {
    const Image picture = Standard(original, options_.side, random);
    if (std::min(picture.width(), picture.height()) < options_.least_side) {
      made->small = true;
      return {};
    }
    if (IsBlank(picture) || HasBlackCorners(picture)) {
      made->blank = true;
      return {};
    }
    const std::string name = "authentic/" + item.source + "/" + stem + ".png";
    KANTEI_RETURN_IF_ERROR(files_.Write(name, picture));
    made->rows.push_back(Row(item, name, "authentic", "authentic"));
    ForgeryMaterial material;
    material.cutouts = cutouts;
    material.draw_donor = [&](Random& draw) { return Donor(item, draw); };
    std::vector<const ForgeryKind*> left;
    for (int k = 0; k < options_.count; ++k) {
      if (left.empty()) left = kinds;
      const ForgeryKind* kind = Draw(&left, random);
      const std::uint64_t seed = random.Next();
      Result<std::optional<Forgery>> forged =
          maker_.Forge(kind->name, picture, material, seed, cancellation_);
      if (!forged.ok()) {
        if (forged.error().code != ErrorCode::kCancelled) return forged.error();
        made->stopped = true;  // the source is made again by the next run
        made->rows.clear();
        return {};
      }
      if (!forged->has_value()) {
        ++made->fruitless;
        continue;
      }
      const std::string tail =
          item.source + "/" + stem + "-" + std::string(kind->name) + "-" + std::to_string(k + 1) + ".png";
      KANTEI_RETURN_IF_ERROR(files_.Write("edited/" + tail, (*forged)->picture));
      KANTEI_RETURN_IF_ERROR(files_.Write("masks/" + tail, (*forged)->mask));
      SampleRow row = Row(item, "edited/" + tail, "edited", kind->name);
      row.mask = "masks/" + tail;
      row.original = name;
      made->rows.push_back(std::move(row));
    }
    return {};
  }

  /// One of those that are left, by weight; it is taken out, so that a picture's forgeries differ in kind.
  static const ForgeryKind* Draw(std::vector<const ForgeryKind*>* left, Random& random) {
    double sum = 0;
    for (const ForgeryKind* kind : *left) sum += kind->weight;
    double at = random.Uniform(0, sum);
    std::size_t i = 0;
    while (i + 1 < left->size() && at >= (*left)[i]->weight) at -= (*left)[i++]->weight;
    const ForgeryKind* kind = (*left)[i];
    left->erase(left->begin() + static_cast<std::ptrdiff_t>(i));
    return kind;
  }

  std::optional<Image> Donor(const Item& item, Random& random) const {
    for (int attempt = 0; attempt < 8; ++attempt) {
      if (donors.empty()) break;
      const Item& donor = donors[random.Below(donors.size())];
      if (donor.path == item.path) continue;
      const Result<image::Cutout> read = Read(donor.path, options_.side);
      if (!read.ok()) continue;
      Image picture = Standard(OverRandomColour(*read, random), options_.side, random);
      if (std::min(picture.width(), picture.height()) < 48 || IsBlank(picture)) continue;
      return picture;
    }
    return std::nullopt;
  }

  const ForgerySetOptions& options_;
  const ForgeryMaker& maker_;
  const CancellationToken& cancellation_;
  ForgerySetFiles files_;
};

Result<std::vector<image::Cutout>> LoadCutouts(const std::vector<fs::path>& roots, std::uint64_t seed,
                                               const CancellationToken& cancellation,
                                               const ForgerySetReport& report) {
  KANTEI_TRY(std::vector<Item> items, Collect(roots, false));
  items = Spread(std::move(items), kMostCutouts * 2, seed);
  std::vector<fs::path> files;
  for (const Item& item : items) files.push_back(item.path);
  KANTEI_TRY(std::vector<CutoutFile> read, ReadCutouts(files, cancellation, report.bad_file));
  std::vector<image::Cutout> cutouts;
  for (CutoutFile& one : read) cutouts.push_back(std::move(one.cutout));
  if (!roots.empty() && cutouts.empty())
    return Error{
        ErrorCode::kNotFound,
        "no picture with transparency lies below the folders of --cutouts; name others or leave it out"};
  return cutouts;
}

Result<std::vector<const ForgeryKind*>> ChooseKinds(const ForgerySetOptions& options, bool donors,
                                                    bool cutouts) {
  std::vector<const ForgeryKind*> kinds;
  for (const ForgeryKind& kind : AllForgeryKinds()) {
    const auto has = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), kind.name) != names.end();
    };
    if (has(options.held_out) || (!options.engines.empty() && !has(options.engines))) continue;
    const bool can = (donors || !kind.needs_donor) && (cutouts || !kind.needs_cutout);
    if (can) {
      kinds.push_back(&kind);
    } else if (!options.engines.empty()) {
      return Error{ErrorCode::kInvalidArgument, "'" + std::string(kind.name) + "' needs " +
                                                    (kind.needs_cutout ? "cut-outs; add --cutouts DIR"
                                                                       : "other pictures; add --donors DIR")};
    }
  }
  if (kinds.empty() && options.count > 0)
    return Error{ErrorCode::kInvalidArgument, "every engine is held out; leave some in or use --count 0"};
  return kinds;
}

}  // namespace

Status ForgerySetOptions::Validate() const {
  const auto bad = [](const std::string& text) { return Error{ErrorCode::kInvalidArgument, text}; };
  if (sources.empty() && generated.empty()) return bad("no folder of pictures is named");
  if (out.empty()) return bad("no folder for the set is named; add --out DIR");
  std::string names;
  for (const ForgeryKind& kind : AllForgeryKinds())
    names += (names.empty() ? "" : ", ") + std::string(kind.name);
  for (const auto* list : {&engines, &held_out}) {
    for (const std::string& name : *list) {
      if (FindForgeryKind(name) == nullptr)
        return bad("no engine is called '" + name + "'; choose from " + names);
    }
  }
  if (generated_engine.empty() || PlainFileName(generated_engine) != generated_engine)
    return bad("the generator's name must be letters, digits, '-', '.' and '_'");
  if (tiles < 1 || tiles > 8) return bad("--tiles is " + std::to_string(tiles) + "; choose 1 to 8");
  if (count < 0 || count > 100) return bad("--count is " + std::to_string(count) + "; choose 0 to 100");
  if (pictures < 0) return bad("--pictures is " + std::to_string(pictures) + "; choose 0 or more");
  if (side < 64 || side > 4096) return bad("--side is " + std::to_string(side) + "; choose 64 to 4096");
  if (least_side < 32 || least_side > side)
    return bad("--least-side is " + std::to_string(least_side) + "; choose 32 to " + std::to_string(side));
  if (!split.empty() && split != "train" && split != "val" && split != "test")
    return bad("--split is '" + split + "'; choose train, val or test");
  return forgery.Validate();
}

Result<ForgerySetSummary> MakeForgerySet(const ForgerySetOptions& options,
                                         const CancellationToken& cancellation,
                                         const ForgerySetReport& report) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  KANTEI_TRY(std::vector<Item> items, Collect(options.sources, false));
  KANTEI_TRY(std::vector<Item> generated, Collect(options.generated, true));
  if (items.empty() && generated.empty())
    return Error{ErrorCode::kNotFound, "no picture lies below the folders that were named"};
  KANTEI_TRY(const ForgeryMaker maker, ForgeryMaker::Create(options.forgery));
  SetWriter writer(options, maker, cancellation);
  if (options.donors.empty()) {
    writer.donors = items;
  } else {
    KANTEI_TRY(writer.donors, Collect(options.donors, false));
  }
  KANTEI_RETURN_IF_ERROR(ForgerySetFiles::Begin(options));
  KANTEI_TRY(writer.cutouts, LoadCutouts(options.cutouts, options.seed, cancellation, report));
  KANTEI_TRY(writer.kinds, ChooseKinds(options, writer.donors.size() > 1, !writer.cutouts.empty()));
  items = Spread(std::move(items), static_cast<std::size_t>(options.pictures), options.seed);
  items.insert(items.end(), generated.begin(), generated.end());
  // In no order, so that a run that was stopped leaves a fair sample.
  Random order(options.seed);
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[order.Below(i)]);
  report.begin(items.size());

  ForgerySetSummary summary;
  std::vector<SampleRow> rows;
  std::set<std::string> known;
  std::size_t handled = 0, seen = 0;
  Status disk;
  OrderedPipeline<Made>(
      items.size(), ThreadCount(options.threads), cancellation,
      [&](std::size_t i) { return writer.Make(items[i]); },
      [&](std::size_t, Made&& made) {
        handled += made.stopped ? 0 : 1;
        disk = made.disk;
        summary.kept += made.kept ? 1 : 0;
        summary.small += made.small ? 1 : 0;
        summary.blank += made.blank ? 1 : 0;
        summary.fruitless += made.fruitless;
        if (!made.file.ok()) {
          ++summary.failed;
          report.bad_file(made.file.error().message);
        }
        for (SampleRow& row : made.rows) {
          if (!known.insert(row.picture).second) continue;  // the same file twice
          ++(row.history == "authentic" ? summary.authentic
             : row.history == "edited"  ? summary.edited
                                        : summary.generated);
          ++summary.engines[row.engine];
          rows.push_back(std::move(row));
        }
        report.source_done();
        if (disk.ok() && ++seen % kTableEvery == 0)
          disk = WriteSamplesTable(options.out / kSamplesFile, rows);
        return disk.ok();
      });
  KANTEI_RETURN_IF_ERROR(disk);
  summary.finished = handled == items.size() && !cancellation.cancelled();
  std::sort(rows.begin(), rows.end(),
            [](const SampleRow& a, const SampleRow& b) { return a.picture < b.picture; });
  KANTEI_RETURN_IF_ERROR(WriteSamplesTable(options.out / kSamplesFile, rows));
  KANTEI_RETURN_IF_ERROR(ForgerySetFiles::WriteReadme(options, summary));
  return summary;
}

}  // namespace kantei::dataset
