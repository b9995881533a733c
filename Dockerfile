# The monitor and its page. Not part of the tests: try it before you rely on it.
#   docker build -t condorwatch . && docker compose up
FROM python:3.12-slim
WORKDIR /app
COPY requirements.lock setup.cfg pyproject.toml README.md LICENSE ./
COPY monitor monitor
COPY dashboard dashboard
COPY positions_cli positions_cli
RUN python -m pip install --no-cache-dir -r requirements.lock \
    && python -m pip install --no-cache-dir --no-deps . \
    && useradd --create-home --uid 1000 condor \
    && install -d -o condor /home/condor/condorwatch
USER condor
ENV CONDORWATCH_HOME=/home/condor/condorwatch PYTHONUNBUFFERED=1
VOLUME /home/condor/condorwatch
EXPOSE 5000
HEALTHCHECK --interval=60s --start-period=120s CMD ["monitor", "status"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["monitor"]
CMD ["--ticker", "NDX", "--trend", "sideways"]
