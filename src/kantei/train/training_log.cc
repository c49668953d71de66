#include "kantei/train/training_log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <sstream>

namespace kantei::train {
namespace {

// The few pieces of protocol buffers that an event needs: varints, 64-bit and 32-bit numbers, and strings with a length.
void PutVarint(std::string* out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}
template <typename T>
void PutFixed(std::string* out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out->append(bytes, sizeof value);
}
void PutField(std::string* out, int number, int wire_type) {
  PutVarint(out, static_cast<std::uint64_t>(number << 3 | wire_type));
}
void PutBytes(std::string* out, int number, std::string_view bytes) {
  PutField(out, number, 2);
  PutVarint(out, bytes.size());
  out->append(bytes);
}

std::uint32_t MaskedCrc(std::string_view bytes) {
  const std::uint32_t crc = Crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

std::string Framed(std::string_view payload) {
  std::string record;
  PutFixed(&record, static_cast<std::uint64_t>(payload.size()));
  PutFixed(&record, MaskedCrc(std::string_view(record).substr(0, 8)));
  record.append(payload);
  PutFixed(&record, MaskedCrc(payload));
  return record;
}

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::uint32_t Crc32c(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78u : 0);
      made[i] = value;
    }
    return made;
  }();
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

std::string EventRecord(std::int64_t step, double wall_time, const Scalars& scalars) {
  std::string summary;
  for (const auto& [name, value] : scalars) {
    std::string entry;
    PutBytes(&entry, 1, name);
    PutField(&entry, 2, 5);
    PutFixed(&entry, static_cast<float>(value));
    PutBytes(&summary, 1, entry);
  }
  std::string event;
  PutField(&event, 1, 1);
  PutFixed(&event, wall_time);
  PutField(&event, 2, 0);
  PutVarint(&event, static_cast<std::uint64_t>(step));
  PutBytes(&event, 5, summary);
  return Framed(event);
}

Result<TrainingLog> TrainingLog::Open(const std::filesystem::path& directory,
                                      const std::vector<std::string>& columns, std::int64_t resumed_from) {
  TrainingLog log;
  log.directory_ = directory;
  const std::filesystem::path path = directory / "log.csv";
  std::string kept = "step";
  for (const std::string& column : columns) kept += "," + column;
  kept += "\n";
  if (resumed_from > 0) {
    std::ifstream old(path);
    std::string line;
    if (std::getline(old, line) && line + "\n" == kept) {
      while (std::getline(old, line)) {
        char* end = nullptr;
        const long long step = std::strtoll(line.c_str(), &end, 10);
        if (end != line.c_str() && *end == ',' && step <= resumed_from) kept += line + "\n";
      }
    }
  }
  log.csv_.open(path, std::ios::trunc);
  log.csv_ << kept << std::flush;
  const double now = Now();
  log.events_.open(
      directory / ("events.out.tfevents." + std::to_string(static_cast<long long>(now)) + ".kantei"),
      std::ios::binary | std::ios::trunc);
  std::string version;
  PutField(&version, 1, 1);
  PutFixed(&version, now);
  PutBytes(&version, 3, "brain.Event:2");
  log.events_ << Framed(version) << std::flush;
  if (!log.csv_ || !log.events_)
    return Error{ErrorCode::kUnavailable, "cannot write the training log in " + directory.string() +
                                              "; check that the directory exists and the disk has room"};
  return log;
}

Status TrainingLog::Write(std::int64_t step, const Scalars& scalars) {
  csv_ << step;
  for (const auto& [name, value] : scalars) {
    char text[32];
    std::snprintf(text, sizeof text, "%.7g", value);
    csv_ << ',' << text;
  }
  csv_ << '\n' << std::flush;
  events_ << EventRecord(step, Now(), scalars) << std::flush;
  if (!csv_ || !events_)
    return Error{ErrorCode::kUnavailable,
                 "cannot write the training log in " + directory_.string() + ": is the disk full?"};
  return {};
}

std::vector<std::string> PlotSeries(const std::vector<double>& values, int width, int height) {
  std::vector<std::string> lines;
  if (values.empty() || width < 1 || height < 1) return lines;
  const auto [low_it, high_it] = std::minmax_element(values.begin(), values.end());
  const double low = *low_it, span = std::max(*high_it - low, 1e-12);
  const int columns = width * 2, rows = height * 4;
  std::vector<std::vector<unsigned char>> cells(
      static_cast<std::size_t>(height), std::vector<unsigned char>(static_cast<std::size_t>(width), 0));
  static constexpr unsigned char kDots[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
  for (int x = 0; x < columns; ++x) {
    // The mean of what falls into the column; few values are drawn as steps.
    const std::size_t count = values.size();
    const std::size_t from = count * static_cast<std::size_t>(x) / static_cast<std::size_t>(columns);
    const std::size_t to =
        std::max(from + 1, count * static_cast<std::size_t>(x + 1) / static_cast<std::size_t>(columns));
    double sum = 0;
    for (std::size_t i = from; i < to; ++i) sum += values[i];
    const double level = (sum / static_cast<double>(to - from) - low) / span;
    const int y = std::clamp(static_cast<int>(std::lround((1 - level) * (rows - 1))), 0, rows - 1);
    cells[static_cast<std::size_t>(y / 4)][static_cast<std::size_t>(x / 2)] |= kDots[y % 4][x % 2];
  }
  for (int r = 0; r < height; ++r) {
    char label[16];
    if (r == 0 || r == height - 1)
      std::snprintf(label, sizeof label, "%9.4g ", r == 0 ? low + span : low);
    else
      std::snprintf(label, sizeof label, "%10s", "");
    std::string line = label;
    for (const unsigned char cell : cells[static_cast<std::size_t>(r)]) {
      line += '\xe2';
      line += static_cast<char>(0xa0 | cell >> 6);
      line += static_cast<char>(0x80 | (cell & 0x3f));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace kantei::train
