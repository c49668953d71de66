#include "kantei/nn/safetensors.h"
#include "kantei/base/json.h"
#include <cstring>
namespace kantei::nn {
static const char* N(DType d){ switch(d){case DType::kU8:return "U8";case DType::kF32:return "F32";case DType::kI16:return "I16";default:return "X";} }
std::size_t DTypeSize(DType d){ return d==DType::kU8?1:d==DType::kI16?2:4; }
Status WriteSafetensors(const std::filesystem::path& path, std::span<const TensorToWrite> ts, const std::map<std::string,std::string>& md){
 Json h; for(auto&[k,v]:md) h["__metadata__"][k]=v; std::size_t off=0; for(auto&t:ts){ h[t.name]={{"dtype",N(t.dtype)},{"shape",t.shape},{"data_offsets",{off,off+t.bytes.size()}}}; off+=t.bytes.size(); }
 std::string s=DumpJson(h); while(s.size()%8) s+=' '; Bytes b(8+s.size()+off); std::uint64_t n=s.size(); std::memcpy(b.data(),&n,8); std::memcpy(b.data()+8,s.data(),n); std::size_t p=8+n; for(auto&t:ts){std::memcpy(b.data()+p,t.bytes.data(),t.bytes.size());p+=t.bytes.size();} return WriteFileAtomic(path,b);}
Result<SafetensorsFile> SafetensorsFile::Open(const std::filesystem::path& path){ SafetensorsFile f; KANTEI_TRY(f.file_, MappedFile::Open(path)); auto b=f.file_.bytes(); std::uint64_t n; std::memcpy(&n,b.data(),8);
 KANTEI_TRY(Json h, ParseJson(std::string_view((const char*)b.data()+8,n),"x")); for(auto&[k,v]:h.items()){ if(k=="__metadata__"){for(auto&[a,c]:v.items()) f.metadata_[a]=c.get<std::string>();continue;} TensorView t; std::string d=v["dtype"]; t.dtype=d=="U8"?DType::kU8:d=="I16"?DType::kI16:DType::kF32; t.shape=v["shape"].get<std::vector<std::int64_t>>(); std::size_t a=v["data_offsets"][0],e=v["data_offsets"][1]; t.bytes=b.subspan(8+n+a,e-a); f.tensors_[k]=t;} return f;}
Result<TensorView> SafetensorsFile::Get(const std::string& name, DType, std::span<const std::int64_t>) const { auto it=tensors_.find(name); if(it==tensors_.end()) return Error{ErrorCode::kNotFound,name}; return it->second;}
}
