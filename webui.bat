@echo off
rem Makes .venv on the first start, then runs app.py in it. "webui.bat --help" lists what it can do;
rem "webui.bat test [pytest args]" installs the developer's tools too and runs every test.
setlocal
rem Paths among the arguments are meant from where the caller stands.
set "CALLER=%CD%"
cd /d "%~dp0"

if exist .venv\Scripts\python.exe goto have_venv
set "FOUND="
if defined PYTHON call :try "%PYTHON%"
if not defined FOUND call :try py -3
if not defined FOUND call :try python3
if not defined FOUND call :try python
if not defined FOUND (
    echo Palaestra needs Python 3.10 or newer; none was found. Install one, or set PYTHON to its path. 1>&2
    exit /b 1
)
%FOUND% -m venv .venv || exit /b 1

:have_venv
call :install requirements.txt || exit /b 1
if /i not "%~1"=="test" goto serve
call :install requirements-dev.txt || exit /b 1
.venv\Scripts\python.exe -m tests.browser.chromium --install || exit /b 1
set "REST="
shift
:collect
if "%~1"=="" goto run_tests
set REST=%REST% %1
shift
goto collect
:run_tests
.venv\Scripts\python.exe -m pytest%REST%
exit /b %ERRORLEVEL%

:serve
cd /d "%CALLER%"
"%~dp0.venv\Scripts\python.exe" "%~dp0app.py" %*
exit /b %ERRORLEVEL%

:try
%* -c "import sys; sys.exit(sys.version_info < (3, 10))" >nul 2>&1 && set "FOUND=%*"
exit /b 0

rem The copy of a requirements file inside .venv is the stamp: equal means installed.
:install
fc /b "%~1" ".venv\.installed-%~1" >nul 2>&1 && exit /b 0
echo Installing %~1 (once; this takes some minutes)... 1>&2
.venv\Scripts\python.exe -m pip install --quiet --disable-pip-version-check -r "%~1" || exit /b 1
copy /y "%~1" ".venv\.installed-%~1" >nul
exit /b 0
