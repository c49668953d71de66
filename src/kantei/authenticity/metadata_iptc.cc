// IPTC-IIM data sets, alone or inside Photoshop image resources.
#include <array>
#include <string>

#include "kantei/authenticity/metadata_internal.h"

namespace kantei::authenticity::origin {
namespace {

constexpr int kMaxResources = 4096;

struct DataSetName {
  std::uint8_t number;
  const char* name;
};
// IIM 4.2, record 2 (application record).
constexpr auto kNames = std::to_array<DataSetName>({{5, "ObjectName"},
                                                    {15, "Category"},
                                                    {25, "Keywords"},
                                                    {40, "SpecialInstructions"},
                                                    {55, "DateCreated"},
                                                    {60, "TimeCreated"},
                                                    {62, "DigitalCreationDate"},
                                                    {65, "OriginatingProgram"},
                                                    {70, "ProgramVersion"},
                                                    {80, "By-line"},
                                                    {85, "By-lineTitle"},
                                                    {90, "City"},
                                                    {95, "Province-State"},
                                                    {101, "Country"},
                                                    {103, "TransmissionReference"},
                                                    {105, "Headline"},
                                                    {110, "Credit"},
                                                    {115, "Source"},
                                                    {116, "CopyrightNotice"},
                                                    {118, "Contact"},
                                                    {120, "Caption-Abstract"},
                                                    {122, "Writer-Editor"}});

}  // namespace

std::vector<NamedValue> ReadIptc(ByteSpan datasets, std::vector<std::string>* problems) {
  std::vector<NamedValue> values;
  ByteReader reader(datasets);
  while (reader.remaining() >= 5 && values.size() < kMaxEntries) {
    std::uint8_t marker = 0, record = 0, number = 0;
    std::uint16_t short_length = 0;
    reader.Read(&marker);
    if (marker == 0) continue;  // padding
    if (marker != 0x1C || !reader.Read(&record) || !reader.Read(&number) || !reader.Read(&short_length)) {
      problems->push_back("the IPTC block breaks at byte " + std::to_string(reader.position()) +
                          "; the rest was not read");
      break;
    }
    std::uint64_t length = short_length;
    ByteSpan value;
    // Bit 15 says that the length stands in the next (short_length & 0x7FFF) bytes.
    if (((short_length & 0x8000) != 0 && !reader.ReadSized(short_length & 0x7FFFu, &length)) ||
        !reader.Take(length, &value)) {
      problems->push_back("an IPTC data set runs past the end of its block; the rest was not read");
      break;
    }
    if (record != 2) continue;
    for (const DataSetName& known : kNames) {
      if (known.number == number)
        values.push_back({known.name, CutText(TrimSpace(ReadableText(AsText(value))))});
    }
  }
  return values;
}

std::vector<NamedValue> ReadPhotoshopIptc(ByteSpan resources, std::vector<std::string>* problems) {
  ByteReader reader(resources);
  for (int count = 0; count < kMaxResources && reader.remaining() >= 12; ++count) {
    ByteSpan signature, data;
    std::uint16_t id = 0;
    std::uint8_t name_length = 0;
    std::uint32_t size = 0;
    reader.Take(4, &signature);
    // The name is padded so that its length byte and itself are even together; so is the data.
    if (AsText(signature) != "8BIM" || !reader.Read(&id) || !reader.Read(&name_length) ||
        !reader.Skip((name_length | 1)) || !reader.Read(&size) || !reader.Take(size, &data)) {
      problems->push_back("the Photoshop resources are damaged; the rest was not read");
      return {};
    }
    if (id == 0x0404) return ReadIptc(data, problems);
    reader.Skip(size & 1);
  }
  return {};
}

}  // namespace kantei::authenticity::origin
