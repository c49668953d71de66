#include "kantei/inspect/html_style.h"

namespace kantei::inspect {

std::string_view ReportStyle() {
  return R"css(
:root{--ink:#1c2127;--soft:#59636e;--rule:#d5dae0;--wash:#f5f6f8;--accent:#24407a;
--strong:#8f1d1a;--moderate:#8a4b00;--moderate-bg:#fdeed6;--hold:#3f4a5a;--hold-bg:#eceff4}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:#fff;color:var(--ink);font:15px/1.6 "Helvetica Neue",Arial,"Noto Sans","Noto Sans CJK JP","Noto Sans JP",
"Hiragino Sans","Yu Gothic",Meiryo,sans-serif;font-variant-numeric:tabular-nums;print-color-adjust:exact;
-webkit-print-color-adjust:exact}
:lang(ja) body,body:lang(ja){font-family:"Hiragino Sans","Hiragino Kaku Gothic ProN","Yu Gothic","Noto Sans CJK JP","Noto Sans JP",
Meiryo,sans-serif;line-height:1.7;line-break:strict}
main{max-width:1000px;margin:0 auto;padding:36px 32px 64px}
h1{font-size:30px;line-height:1.25;margin:0;letter-spacing:-.01em;font-weight:700}
h2{font-size:21px;line-height:1.35;margin:0 0 14px;font-weight:700;overflow-wrap:anywhere}
h3{font-size:16.5px;line-height:1.4;margin:0;font-weight:700}
h4{font-size:13.5px;line-height:1.45;margin:0 0 6px;font-weight:700;color:var(--ink)}
p{margin:0 0 10px}
.masthead{border-bottom:3px solid var(--accent);padding-bottom:18px;margin-bottom:22px;display:flex;align-items:flex-end;
justify-content:space-between;gap:24px}
.masthead .mark{font-size:26px;line-height:1;font-weight:700;color:var(--accent);letter-spacing:.08em;flex:none}
.masthead .title{flex:1}
.kicker{font-size:12.5px;letter-spacing:.08em;color:var(--soft);margin:0 0 4px}
.lead{color:var(--soft);margin:6px 0 0;font-size:14px}
table{border-collapse:collapse;width:100%;font-size:13px;line-height:1.5}
th,td{text-align:left;vertical-align:top;padding:5px 10px 5px 0;border-bottom:1px solid var(--rule);overflow-wrap:anywhere}
thead th{color:var(--soft);font-weight:600;font-size:12px;border-bottom:1.5px solid #9aa4af;overflow-wrap:normal}
td.value{white-space:pre-line}
td.short{white-space:nowrap}
.labelled{font-size:12px;color:var(--soft);white-space:nowrap}
.facts th{width:9.5em;font-weight:600;color:var(--soft);white-space:nowrap}
.hash{font-family:"DejaVu Sans Mono",Menlo,Consolas,"Noto Sans Mono",monospace;font-size:.9em;overflow-wrap:anywhere}
.summary{margin:10px 0 8px}
.summary td{vertical-align:middle;padding:8px 12px 8px 0}
.summary .num{width:2.2em;color:var(--soft)}
.summary .pic{width:104px}
.summary .file{min-width:170px}
.summary .file a{color:var(--ink);font-weight:600;text-decoration:none;border-bottom:1px solid #9aa4af}
.summary .sub{display:block;font-size:12px;color:var(--soft)}
.thumb{display:block;max-width:92px;max-height:70px;width:auto;height:auto;border:1px solid var(--rule)}
.no-picture{display:inline-block;color:var(--soft);padding:14px 24px;border:1px dashed var(--rule)}
.chip{display:inline-flex;align-items:center;gap:6px;border-radius:3px;padding:1px 8px;font-size:12.5px;font-weight:600;
line-height:1.65;white-space:nowrap;border:1px solid transparent}
.chip svg{flex:none}
.chip.strong{background:var(--strong);color:#fff;border-color:var(--strong)}
.chip.moderate{background:var(--moderate-bg);color:var(--moderate);border-color:#d9a35a}
.chip.inconclusive{background:var(--hold-bg);color:var(--hold);border-color:#b7c0cc}
.chip.none{background:#fff;color:var(--soft);border-color:var(--rule)}
.chip.info{background:#fff;color:var(--accent);border:1px dashed #9db0d3}
.chip.failed{background:#fff;color:var(--strong);border-color:var(--strong)}
.legend{font-size:12px;color:var(--soft);display:flex;flex-wrap:wrap;gap:6px 14px;align-items:center;margin:0 0 28px}
.picture{border-top:3px solid var(--accent);margin-top:44px;padding-top:18px}
.picture-head{display:flex;gap:24px;align-items:flex-start;margin-bottom:16px}
.picture-head .preview{flex:0 0 260px}
.picture-head .facts{flex:1}
.preview img{display:block;max-width:260px;max-height:260px;width:auto;height:auto;border:1px solid var(--rule)}
.verdicts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));border:1px solid var(--rule);border-radius:4px;
margin:0 0 16px;background:var(--wash)}
.verdicts>div{padding:9px 12px 10px;border-right:1px solid var(--rule)}
.verdicts>div:last-child{border-right:0}
.verdicts .name{display:block;font-size:12px;color:var(--soft);margin-bottom:3px}
.gist{display:block;font-size:12px;color:var(--soft);margin-top:3px;line-height:1.45;overflow-wrap:anywhere}
.conflicts{border:1px solid #d9a35a;border-left:6px solid #c77700;background:#fffaf1;border-radius:3px;padding:10px 16px;margin:0 0 16px}
.conflicts h3{color:var(--moderate);margin-bottom:4px}
.conflicts ul{margin:0;padding-left:1.2em}
.error{border:1px solid #d7a19f;border-left:6px solid var(--strong);background:#fdf5f4;border-radius:3px;padding:10px 16px;margin:0 0 16px;
overflow-wrap:anywhere}
.check{margin:26px 0 0}
.check-head{display:flex;gap:14px;align-items:baseline;justify-content:space-between;border-bottom:1px solid #9aa4af;padding-bottom:5px;
margin-bottom:9px}
.headline{font-weight:600;margin:0 0 6px}
ul.grounds{margin:0 0 12px;padding-left:1.25em}
ul.grounds li{margin-bottom:4px;overflow-wrap:anywhere}
.limits{font-size:12px;line-height:1.55;color:var(--soft);margin:10px 0 0;border-left:2px solid var(--rule);padding-left:10px}
.limits ul{margin:0;padding-left:1.2em}
.exhibits{display:flex;flex-wrap:wrap;gap:16px 28px;align-items:flex-start}
.exhibit{margin:4px 0 6px;min-width:0}
.exhibit.table{flex:1 1 340px}
.exhibit.wide,.exhibit.flow,.exhibit.figure{flex:1 1 100%}
.flow .rows{columns:2;column-gap:28px}
.exhibit.brief{max-width:calc(50% - 14px)}
.together .brief{max-width:none}
.pairs td:first-child{width:36%}
.flow td:first-child{width:47%}
.exhibit.radar{flex:0 0 360px}
.exhibit.figure .panels{display:grid;gap:14px;align-items:start}
.panels figure{margin:0;min-width:0}
.panels img{display:block;width:100%;height:auto;max-height:460px;object-fit:contain;background:var(--wash);border:1px solid var(--rule)}
.one .panels{grid-template-columns:minmax(0,1fr) 2fr}.two .panels{grid-template-columns:1fr 1fr;max-width:67%}
.three .panels{grid-template-columns:repeat(3,1fr)}
figcaption{font-size:12px;line-height:1.45;color:var(--soft);margin-top:4px;overflow-wrap:anywhere}
.radar svg{display:block;width:360px;height:auto}
.note{font-size:12px;color:var(--soft);margin:2px 0 0}
.about{border-top:3px solid var(--accent);margin-top:44px;padding-top:18px}
.about h3{margin:18px 0 6px}
.about ul{margin:0;padding-left:1.25em}
.about .bands td:first-child{width:9em}
.end{margin-top:22px;text-align:right;color:var(--soft);font-size:12.5px}
@media (max-width:700px){main{padding:20px 16px 40px}.picture-head{flex-direction:column}.picture-head .facts{width:100%}
.three .panels,.two .panels,.one .panels{grid-template-columns:1fr;max-width:none}.flow .rows{columns:1}.exhibit.brief{max-width:none}.verdicts{grid-template-columns:1fr 1fr}
.summary thead{display:none}.summary tr{display:block;border-bottom:1px solid var(--rule);padding:6px 0}
.summary td{display:inline-block;border:0;padding:3px 10px 3px 0}}
@page{size:A4;margin:15mm 15mm 17mm}
@media print{
body{font-size:9.6pt;line-height:1.5}
body:lang(ja){line-height:1.6}
main{max-width:none;padding:0}
h1{font-size:20pt}h2{font-size:14pt}h3{font-size:11pt}h4{font-size:9pt}
table{font-size:8.3pt}thead th{font-size:7.8pt}
.lead,.legend,.note,.labelled,figcaption,.limits,.gist,.verdicts .name,.summary .sub{font-size:7.8pt}
.chip{font-size:8pt}
.kicker{font-size:8pt}
.picture,.about{break-before:page;margin-top:0}
.picture-head .preview{flex-basis:58mm}
.preview img{max-width:58mm;max-height:58mm}
.limits{break-before:avoid}
.masthead,.check-head,h2,h3,h4,.headline,.verdicts,.conflicts{break-after:avoid}
.exhibit.figure,.exhibit.radar,.exhibit.brief,.exhibits.together,.conflicts,.error,.verdicts,.picture-head,.panels figure,tr,li,.limits,.legend{break-inside:avoid}
thead{display:table-header-group}
.exhibit.radar,.radar svg{flex-basis:80mm;width:80mm}
.exhibits:not(.together){display:block;orphans:1;widows:1}
.exhibits:not(.together) .brief{display:inline-block;vertical-align:top;width:47.5%;margin-right:2%}
.together .table{flex-basis:80mm}
.exhibit{margin-bottom:9px}
.panels img{max-height:95mm}
th,td{padding-top:2.5pt;padding-bottom:2.5pt}
.facts .hash{font-size:7.4pt;white-space:nowrap}
.exhibits{gap:8px 18px}
.check{margin-top:18px}
p,li{orphans:2;widows:2}
a{color:inherit;text-decoration:none}
.summary .file a{border-bottom:0}
}
)css";
}

}  // namespace kantei::inspect
